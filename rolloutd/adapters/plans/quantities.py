"""Quantities as people write them in plans: durations, percentages, days, codes.

Each parser takes what YAML gave, returns the checked value, and otherwise raises an error that
carries its lint code, what is wrong and what would be right.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from rolloutd.adapters.plans.diagnostics import Code, remedy, suggestion
from rolloutd.core.units import Ratio, Seconds

DURATION_PATTERN = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
"""GEP-2257, as the Gateway API writes durations."""

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

GRPC_STATUS: Final = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""Names of gRPC status codes; the index is the number."""


def wrong(code: Code, message: str, instead: str) -> PydanticCustomError:
    """Return the error that ``validation`` turns into a finding."""
    return PydanticCustomError(
        "plan", "{message}", {"code": code.value, "message": message, "remedy": instead}
    )


def parse_duration(value: object) -> Seconds:
    """Read ``90s``, ``1m30s``, ``500ms``.

    Raises:
        PydanticCustomError: It is anything else.
    """
    if isinstance(value, str) and re.fullmatch(DURATION_PATTERN, value):
        parts = re.findall(r"([0-9]+)(ms|h|m|s)", value)
        return Seconds(sum(int(amount) * _UNITS[unit] for amount, unit in parts))
    if isinstance(value, int) and not isinstance(value, bool):
        raise wrong(Code.BAD_DURATION, f"{value} has no unit", f"write {value}s or {value}m")
    instead = "whole numbers with h, m, s or ms, such as 5m, 1h30m or 500ms"
    raise wrong(Code.BAD_DURATION, f"{shown(value)} is not a duration", instead)


def positive_duration(value: object) -> Seconds:
    """Read a duration that is longer than nothing."""
    duration = parse_duration(value)
    if duration <= 0.0:
        raise wrong(Code.OUT_OF_RANGE, f"{value} is no time at all", "more than 0s")
    return duration


def interval_duration(value: object) -> Seconds:
    """Read a duration of at least a second."""
    duration = parse_duration(value)
    if duration < 1.0:
        raise wrong(Code.OUT_OF_RANGE, f"{value} is too short", "at least 1s")
    return duration


def parse_percentage(value: object) -> Ratio:
    """Read ``99.5%`` as 0.995; both ends excluded, where evidence can't exist."""
    ratio = _hundredths(value, "%", "99.5%")
    if not 0.0 < ratio < 1.0:
        raise wrong(Code.OUT_OF_RANGE, f"{value} is out of range", "between 0% and 100%")
    return ratio


def parse_points(value: object) -> Ratio:
    """Read ``0.5pp``, percentage points, as 0.005."""
    ratio = _hundredths(value, "pp", "0.5pp")
    if not 0.0 < ratio < 1.0:
        raise wrong(Code.OUT_OF_RANGE, f"{value} is out of range", "between 0pp and 100pp")
    return ratio


def _hundredths(value: object, unit: str, example: str) -> Ratio:
    if isinstance(value, str) and re.fullmatch(rf"[0-9]{{1,3}}(\.[0-9]{{1,6}})?{unit}", value):
        # Decimal, because 99.9 / 100 in binary is not the 0.999 that people mean.
        return Ratio(float(Decimal(value.removesuffix(unit)) / 100))
    what = "a percentage" if unit == "%" else "a number of percentage points"
    instead = f"write a number and {unit}, such as {example}"
    raise wrong(Code.BAD_PERCENTAGE, f"{shown(value)} is not {what}", instead)


def parse_minute(value: object) -> int:
    """Read ``"09:00"`` as minutes after midnight; ``"24:00"`` is the end of the day."""
    matched = re.fullmatch(r"([01][0-9]|2[0-4]):([0-5][0-9])", _text(value))
    minute = int(matched[1]) * 60 + int(matched[2]) if matched else 24 * 60 + 1
    if minute > 24 * 60:
        instead = 'write hours and minutes in quotes, such as "09:00"; the day ends at "24:00"'
        raise wrong(Code.BAD_TIME, f"{shown(value)} is not a time of day", instead)
    return minute


def parse_days(value: object) -> frozenset[int]:
    """Read ``mon-fri`` or ``sat,sun`` as ISO weekdays, Monday = 1; ranges may wrap."""
    if not isinstance(value, str) or not value:
        raise wrong(Code.BAD_DAYS, f"{shown(value)} is not a list of days", _DAYS_REMEDY)
    days: set[int] = set()
    for part in value.split(","):
        first, dash, last = part.strip().partition("-")
        begin = _day(first, part)
        length = (_day(last, part) - begin) % 7 if dash else 0
        days.update((begin + offset) % 7 + 1 for offset in range(length + 1))
    return frozenset(days)


_DAYS_REMEDY: Final = "write days by name, such as mon-fri or sat,sun"


def _day(name: str, part: str) -> int:
    if name in _DAYS:
        return _DAYS.index(name)
    meant = suggestion(name, _DAYS)
    question = f"did you mean {meant!r}? " if meant else ""
    raise wrong(Code.BAD_DAYS, f"{part!r} is not a day", question + _DAYS_REMEDY)


def parse_timezone(value: object) -> str:
    """Check an IANA time zone name."""
    if isinstance(value, str) and value:
        try:
            return ZoneInfo(value).key
        except (OSError, ValueError, KeyError):
            # KeyError: no such zone; the others: a folder of zones, or a path.
            pass
    meant = _zone_like(value) if isinstance(value, str) else None
    instead = f"did you mean {meant!r}? " if meant else ""
    raise wrong(
        Code.UNKNOWN_TIMEZONE,
        f"{shown(value)} is not a time zone",
        f"{instead}write an IANA name, such as Europe/Berlin",
    )


def _zone_like(written: str) -> str | None:
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads 600 files, on error only

    zones = sorted(available_timezones())
    cities = {zone.rpartition("/")[2]: zone for zone in zones}
    city = suggestion(written.rpartition("/")[2], cities)
    return suggestion(written, zones) or (cities[city] if city else None)


def parse_grpc_status(value: object) -> int:
    """Read a gRPC status by name or number, 1 to 16: OK is no failure."""
    named = value if isinstance(value, str) else None
    if named in GRPC_STATUS[1:]:
        return GRPC_STATUS.index(named)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 16:
        return value
    instead = remedy(named or "", GRPC_STATUS[1:]) + ", or their numbers 1 to 16"
    raise wrong(Code.BAD_GRPC_STATUS, f"{shown(value)} is not a failing gRPC status", instead)


def parse_http_codes(value: object) -> tuple[int, int]:
    """Read ``500-599``."""
    matched = re.fullmatch(r"([1-5][0-9]{2})-([1-5][0-9]{2})", _text(value))
    if not matched or int(matched[1]) > int(matched[2]):
        instead = "write the first and the last code, such as 500-599"
        raise wrong(Code.BAD_HTTP_CODES, f"{shown(value)} is not a range of codes", instead)
    return int(matched[1]), int(matched[2])


def shown(value: object) -> str:
    """Return a value as it may stand in a message: as written, and not too long."""
    match value:
        case str():
            text = repr(value)
        case bool():
            text = str(value).lower()
        case None:
            text = "nothing"
        case dict():
            text = "a mapping"
        case list():
            text = "a list"
        case _:
            text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_DURATION_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": DURATION_PATTERN, "examples": ["5m", "1h30m", "500ms"]}
)
_PERCENTAGE_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,6})?%$", "examples": ["99.5%"]}
)
_POINTS_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,6})?pp$", "examples": ["0.5pp"]}
)
_MINUTE_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": "^([01][0-9]|2[0-4]):[0-5][0-9]$", "examples": ["09:00"]}
)
_DAY = f"({'|'.join(_DAYS)})"
_DAYS_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": f"^{_DAY}(-{_DAY})?( *, *{_DAY}(-{_DAY})?)*$",
        "examples": ["mon-fri", "sat,sun"],
    }
)
_STATUS_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"enum": list(GRPC_STATUS[1:])},
            {"type": "integer", "minimum": 1, "maximum": 16},
        ]
    }
)
_CODES_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": "^[1-5][0-9]{2}-[1-5][0-9]{2}$", "examples": ["500-599"]}
)
_ZONE_SCHEMA = WithJsonSchema({"type": "string", "examples": ["Europe/Berlin", "UTC"]})

Duration = Annotated[Seconds, BeforeValidator(parse_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[Seconds, BeforeValidator(positive_duration), _DURATION_SCHEMA]
Interval = Annotated[Seconds, BeforeValidator(interval_duration), _DURATION_SCHEMA]
Percentage = Annotated[Ratio, BeforeValidator(parse_percentage), _PERCENTAGE_SCHEMA]
Points = Annotated[Ratio, BeforeValidator(parse_points), _POINTS_SCHEMA]
MinuteOfDay = Annotated[int, BeforeValidator(parse_minute), _MINUTE_SCHEMA]
Days = Annotated[
    frozenset[int], BeforeValidator(parse_days), PlainSerializer(sorted), _DAYS_SCHEMA
]
GrpcStatus = Annotated[int, BeforeValidator(parse_grpc_status), _STATUS_SCHEMA]
HttpCodes = Annotated[tuple[int, int], BeforeValidator(parse_http_codes), _CODES_SCHEMA]
Timezone = Annotated[str, BeforeValidator(parse_timezone), _ZONE_SCHEMA]
