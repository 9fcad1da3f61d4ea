"""Cron expressions that every library reads alike.

Weekdays are taken by name only. Numbered ones differ: cron counts Sunday as 0 and 7, Quartz as
1, and APScheduler, which fires ours, counts Monday as 0, so that ``0 9 * * 1`` would fire on a
Tuesday. Steps and names beyond what is allowed here are left out for the same reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from rolloutd.adapters.plans.diagnostics import Code
from rolloutd.adapters.plans.quantities import shown, wrong

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One of the five.

    Attributes:
        names: Words for values, from ``first`` on.
        numbered: Whether numbers may stand in it.
    """

    title: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    numbered: bool = True


FIELDS: Final = (
    Field(title="minute", first=0, last=59),
    Field(title="hour", first=0, last=23),
    Field(title="day of month", first=1, last=31),
    Field(title="month", first=1, last=12, names=_MONTHS),
    Field(title="weekday", first=0, last=6, names=_WEEKDAYS, numbered=False),
)


def parse_cron(value: object) -> str:
    """Check five fields and return them separated by single blanks.

    Raises:
        PydanticCustomError: Something in them is unknown, out of range or ambiguous.
    """
    parts = value.split() if isinstance(value, str) else []
    if len(parts) != len(FIELDS):
        titles = ", ".join(field.title for field in FIELDS)
        message = f"{shown(value)} is not a cron expression"
        raise wrong(Code.BAD_CRON, message, f'write {titles}, such as "0 9 * * mon-fri"')
    for field, part in zip(FIELDS, parts, strict=True):
        for item in part.split(","):
            _check(field, item)
    return " ".join(parts)


def restricts_both_days(cron: str) -> bool:
    """Say whether both the day of the month and the weekday are given."""
    return [part == "*" for part in cron.split()[2::2]] == [False, False]


def _check(field: Field, item: str) -> None:
    if not field.numbered and re.search("[0-9]", item):
        instead = "write weekdays by name, such as mon-fri: libraries number them differently"
        raise wrong(Code.NUMBERED_WEEKDAY, f"{item!r} numbers a weekday", instead)
    matched = re.fullmatch(r"\*(?:/([0-9]{1,2}))?|(\w+)(?:-(\w+))?", item)
    if not matched:
        raise _unknown(field, item)
    step, first, last = matched.groups()
    if step is not None and not 1 <= int(step) <= field.last - field.first:
        raise _unknown(field, item)
    if first is not None:
        _check_range(field, first, last or first, item)


def _check_range(field: Field, first: str, last: str, item: str) -> None:
    mixed = first.isdigit() != last.isdigit()
    if mixed or _value(field, first, item) > _value(field, last, item):
        raise _unknown(field, item)


def _value(field: Field, word: str, item: str) -> int:
    if word in field.names:
        return field.first + field.names.index(word)
    if field.numbered and re.fullmatch("[0-9]{1,2}", word):
        number = int(word)
        if field.first <= number <= field.last:
            return number
    raise _unknown(field, item)


def _unknown(field: Field, item: str) -> Exception:
    numbers = f"{field.first} to {field.last}, " if field.numbered else ""
    names = f"{field.names[0]} to {field.names[-1]}, " if field.names else ""
    step = "" if field.title == "weekday" else " or */n"
    instead = f"{numbers}{names}rising ranges and lists of them, *{step}"
    return wrong(Code.BAD_CRON, f"{item!r} is not a {field.title}", instead)


Cron = Annotated[
    str,
    BeforeValidator(parse_cron),
    WithJsonSchema({"type": "string", "examples": ["0 9 * * mon-fri"]}),
]
