"""What an unquoted YAML scalar means: the core schema of YAML 1.2, and nothing doubtful.

Tools of the YAML 1.1 age, kubectl among them, read some of the same characters as something
else: ``on`` as true, ``1:30`` as 90, ``010`` as 8. Either reading surprises someone, so a plan
holds no scalar about which the two versions disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Surprise:
    """A kind of scalar that the two versions of YAML read differently.

    Attributes:
        pattern: Matches it whole.
        old: What YAML 1.1 makes of it.
        instead: What to write.
    """

    pattern: re.Pattern[str]
    old: str
    instead: str


_SURPRISES = (
    Surprise(
        re.compile(r"y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF"),
        "true or false",
        "quote it where text is meant, or write true or false",
    ),
    Surprise(
        re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        "a number to base 60",
        'quote a time of day ("09:00"); write a duration with units (1m30s)',
    ),
    Surprise(
        re.compile(r"[-+]?0[0-9_]+"),
        "a number to base 8",
        "leave out the leading zero, or quote it where text is meant",
    ),
    Surprise(
        re.compile(r"0o[0-7]+|[-+]?0b[01_]+|[-+]0x[0-9a-fA-F_]+"),
        "something else than YAML 1.2 does",
        "write a decimal number, or quote it where text is meant",
    ),
    Surprise(
        re.compile(r"[-+]?[0-9][0-9.]*_[0-9_.]*|0x[0-9a-fA-F]*_[0-9a-fA-F_]*"),
        "a number with separators",
        "leave out the underscores, or quote it where text is meant",
    ),
    Surprise(
        re.compile(r"[-+]?(\.?[0-9]+|[0-9]+\.[0-9]*)[eE][0-9]+|[-+]?[0-9]+[eE][-+][0-9]+"),
        "text",
        "write the number without an exponent",
    ),
    Surprise(
        re.compile(r"[-+]\.[0-9]+([eE][-+]?[0-9]+)?"),
        "text",
        "write a digit before the point",
    ),
    Surprise(
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"),
        "a date",
        "quote it where text is meant",
    ),
    Surprise(re.compile(r"="), "the default value", "quote it"),
)


def surprise(text: str) -> Surprise | None:
    """Return how the two versions disagree about an unquoted scalar, if they do."""
    return next((each for each in _SURPRISES if each.pattern.fullmatch(text)), None)


def core_value(text: str) -> Value:
    """Return what YAML 1.2 makes of an unquoted scalar.

    ``.inf`` and ``.nan`` stay text: no field of a plan has a use for them.
    """
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    return float(text) if _FLOAT.fullmatch(text) else text
