"""The loop: batches, epochs, stopping, history, callbacks."""
