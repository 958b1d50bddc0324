"""Arrays and a JSON header in one safetensors file, written whole or not at all; knows no models."""

from .atomic import replacing, require_writable
from .files import FORMAT_VERSION, StorageError, Stored, read, read_header, write

__all__ = ["FORMAT_VERSION", "StorageError", "Stored", "read", "read_header", "replacing", "require_writable", "write"]
