"""From columns of mixed kinds to X and T, and from a network's outputs back to labels and units."""

from .columns import Column, Table, column_of, table_of
from .encoder import Encoder, learn_encoder
from .errors import TableError
from .inferring import learn_target
from .model import TableModel
from .sources import read_table
from .target import Target

__all__ = [
    "Column",
    "Encoder",
    "Table",
    "TableError",
    "TableModel",
    "Target",
    "column_of",
    "learn_encoder",
    "learn_target",
    "read_table",
    "table_of",
]
