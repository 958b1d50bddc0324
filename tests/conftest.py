"""What holds for all tests."""

collect_ignore = ["oracles"]  # helpers of the tests; some need PyTorch
