"""Frozen dataclasses as plain JSON values and back, without loss.

Floats survive exactly: JSON writers print the shortest decimal that reads back as the same
number. Only what gates keep as state is covered: numbers, words, enums, tuples, ``None`` and
dataclasses of these.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from functools import lru_cache
from typing import TypeVar, cast

T = TypeVar("T")


def to_plain(value: object) -> object:
    """Turn a value into JSON's terms."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    if isinstance(value, enum.Enum):
        return to_plain(value.value)
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], data: object) -> T:
    """Read a dataclass back.

    Raises:
        ValueError: The data do not have the form of ``kind``.
    """
    return cast("T", _read(kind, data))


def _read(kind: object, data: object) -> object:
    origin = typing.get_origin(kind)
    if isinstance(kind, typing.NewType):
        return _read(kind.__supertype__, data)
    if origin in {types.UnionType, typing.Union}:
        return _read_optional(kind, data)
    if origin is tuple:
        return _read_tuple(kind, data)
    if isinstance(kind, type):
        return _read_class(kind, data)
    raise ValueError(f"{kind!r} is no state")


def _read_optional(kind: object, data: object) -> object:
    if data is None:
        return None
    known = [arm for arm in typing.get_args(kind) if arm is not types.NoneType]
    return _read(known[0], data)


def _read_tuple(kind: object, data: object) -> object:
    if not isinstance(data, list | tuple):
        raise ValueError(f"expected a list, not {data!r}")  # noqa: TRY004 - see from_plain
    kinds = typing.get_args(kind)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item) for item in data)
    if len(kinds) != len(data):
        raise ValueError(f"expected {len(kinds)} items, not {len(data)}")
    return tuple(_read(item_kind, item) for item_kind, item in zip(kinds, data, strict=True))


def _read_class(kind: type, data: object) -> object:
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data)
    if issubclass(kind, tuple):
        return _read_named_tuple(kind, data)
    if issubclass(kind, enum.Enum):
        return kind(data)
    # JSON has one kind of number, and true is none.
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if type(data) is not kind:
        raise ValueError(f"expected {kind.__name__}, not {data!r}")
    return data


def _read_named_tuple(kind: type, data: object) -> object:
    kinds = _field_kinds(kind)
    if not isinstance(data, list | tuple) or len(data) != len(kinds):
        raise ValueError(f"{data!r} does not have the items {sorted(kinds)}")
    return kind(*(_read(of, item) for of, item in zip(kinds.values(), data, strict=True)))


def _read_dataclass(kind: type, data: object) -> object:
    kinds = _field_kinds(kind)
    if not isinstance(data, dict) or set(data) != set(kinds):
        raise ValueError(f"{data!r} does not have the fields {sorted(kinds)}")
    return kind(**{name: _read(kinds[name], data[name]) for name in kinds})


@lru_cache(maxsize=64)
def _field_kinds(kind: type) -> dict[str, object]:
    return typing.get_type_hints(kind)
