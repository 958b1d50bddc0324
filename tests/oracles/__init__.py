"""Independent ways to the same numbers: what the library is compared with."""
