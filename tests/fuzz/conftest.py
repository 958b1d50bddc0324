"""The fuzzer runs `target.py` in a process of its own."""

collect_ignore = ["target.py"]
