"""What is computed: the equations of a feed-forward network as pure functions on arrays.

Nothing here keeps state, draws a random number without being handed a seed, or prints.
"""
