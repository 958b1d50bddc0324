"""Frozen dataclasses to and from JSON, with the types checked: what a model file says is not to be trusted."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(record: Any) -> dict[str, Any]:
    """The fields of a frozen dataclass; they hold numbers, texts, booleans, None, tuples, or others like it."""
    return dataclasses.asdict(record)


def from_json(record: type[T], fields: Any) -> T:
    """Build the dataclass again; fields that it does not know are ignored, and those with a default may be absent.

    So a file of an earlier version can be read after a field was added, and one of a later version, too.

    Raises
    ------
    ValueError
        A field is missing or of another type.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Point:
    ...     name: str
    ...     at: tuple[float, ...]
    >>> from_json(Point, {"name": "a", "at": [1, 2.5], "colour": "red"})
    Point(name='a', at=(1.0, 2.5))
    >>> from_json(Point, {"name": "a", "at": "north"})
    Traceback (most recent call last):
    ...
    ValueError: field 'at' of Point is 'north'; tuple[float, ...] was expected
    """
    name = record.__name__
    if not isinstance(fields, Mapping):
        raise ValueError(f"a {name} was expected, not {fields!r}")
    values = {}
    defaults = {field.name for field in dataclasses.fields(record) if field.default is not dataclasses.MISSING}  # type: ignore[arg-type]
    for key, hint in get_type_hints(record).items():
        if key not in fields and key in defaults:
            continue
        if key not in fields:
            raise ValueError(f"field {key!r} of {name} is missing")
        try:
            values[key] = _checked(hint, fields[key])
        except TypeError:
            raise ValueError(f"field {key!r} of {name} is {fields[key]!r}; {_written(hint)} was expected") from None
    return record(**values)


def _checked(hint: Any, value: Any) -> Any:
    """The value as the type hint wants it (JSON has lists for tuples, and 1 for 1.0), or TypeError."""
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError
        return tuple(_checked(get_args(hint)[0], item) for item in value)
    if get_origin(hint) in (Union, types.UnionType):
        if type(value) in get_args(hint) or (value is None and type(None) in get_args(hint)):
            return value
        return _first(get_args(hint), value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise TypeError
        return value
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    if hint is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise TypeError from None
    if hint is type(None) and value is None:
        return None
    if type(value) is not hint:
        raise TypeError
    return value


def _first(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        try:
            return _checked(hint, value)
        except TypeError:
            continue
    raise TypeError


def _written(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
