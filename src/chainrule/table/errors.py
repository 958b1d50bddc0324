"""The one error of this room."""


class TableError(ValueError):
    """The data cannot be used as asked; the message says what was found, what was expected and what to do."""
