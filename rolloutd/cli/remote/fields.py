"""Reads the daemon's JSON. Fields may come to be there that we do not know yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from rolloutd.cli.visible import visible
from rolloutd.core.units import Instant
from rolloutd.errors import Unavailable

T = TypeVar("T")


class Fields:
    """An object of an answer.

    Every method raises ``Unavailable`` where a field is missing or of another type: whoever
    answered is no daemon that we understand. Strings come with their control characters made
    visible: annotations and records, which others write, are told in them.
    """

    def __init__(self, form: object) -> None:
        if not isinstance(form, dict):
            raise Unavailable(f"The answer is not what it should be: {form!r:.40} is no object")
        self._form = form

    def __iter__(self) -> Iterator[str]:
        return iter(self._form)

    def text(self, name: str) -> str:
        """Return a string; ``null`` is an empty one."""
        value = self._form.get(name, "")
        return "" if value is None else visible(self._checked(name, value, str))

    def flag(self, name: str) -> bool:
        """Return a truth value."""
        return self._checked(name, self._form.get(name), bool)

    def maybe_flag(self, name: str) -> bool | None:
        """Return a truth value, or ``None`` for ``null``."""
        return None if self._form.get(name) is None else self.flag(name)

    def number(self, name: str) -> float:
        """Return a number."""
        value = self._form.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name)
        return float(value)

    def maybe_number(self, name: str) -> float | None:
        """Return a number, or ``None`` for ``null``."""
        return None if self._form.get(name) is None else self.number(name)

    def whole(self, name: str) -> int:
        """Return a whole number."""
        return int(self.number(name))

    def maybe_whole(self, name: str) -> int | None:
        """Return a whole number, or ``None`` for ``null``."""
        return None if self._form.get(name) is None else self.whole(name)

    def moment(self, name: str) -> Instant:
        """Return a time that is written as RFC 3339."""
        try:
            return Instant(datetime.fromisoformat(self.text(name)).timestamp())
        except ValueError:
            raise self._wrong(name) from None

    def maybe_moment(self, name: str) -> Instant | None:
        """Return a time, or ``None`` for ``null``."""
        return None if self._form.get(name) is None else self.moment(name)

    def part(self, name: str) -> Fields:
        """Return an object inside."""
        return Fields(self._form.get(name))

    def maybe_part(self, name: str) -> Fields | None:
        """Return an object inside, or ``None`` for ``null``."""
        return None if self._form.get(name) is None else self.part(name)

    def parts(self, name: str) -> Iterator[Fields]:
        """Yield the objects of an array."""
        for item in self._checked(name, self._form.get(name), list):
            yield Fields(item)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        items: list[object] = self._checked(name, self._form.get(name), list)
        return tuple(visible(str(item)) for item in items)

    def numbers(self, name: str) -> tuple[float | None, ...]:
        """Return the numbers of an array; ``None`` for each ``null``."""
        column: list[object] = self._checked(name, self._form.get(name), list)
        rows = (Fields({name: value}) for value in column)
        return tuple(row.maybe_number(name) for row in rows)

    def mapping(self, name: str) -> dict[str, object]:
        """Return an object inside whose keys are data."""
        return self._checked(name, self._form.get(name), dict)

    def _checked(self, name: str, value: object, kind: type[T]) -> T:
        if not isinstance(value, kind):
            raise self._wrong(name)
        return value

    def _wrong(self, name: str) -> Unavailable:
        got = repr(self._form.get(name))[:40]
        return Unavailable(
            f"The answer is not what it should be: {name} is {got}. "
            "Is the daemon of the same version as this program (rolloutd --version)?"
        )
