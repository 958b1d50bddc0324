"""Who computes: `reference` runs network/ on NumPy, `native` is compiled; one protocol, one parity test."""
