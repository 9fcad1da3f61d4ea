"""Time spans on the command line."""

from __future__ import annotations

import re
from typing import Final

import click

from rolloutd.core.units import Seconds

FORM: Final = re.compile(r"(\d{1,5}(?:h|m|s|ms)){1,4}")
PART: Final = re.compile(r"(\d+)(ms|h|m|s)")
SIZES: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def duration_of(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> Seconds | None:
    """Read ``90s``, ``10m``, ``1h30m``: as plans write them (GEP-2257).

    Raises:
        click.BadParameter: It is no duration.
    """
    if value is None:
        return None
    if FORM.fullmatch(value) is None:
        wanted = f"{value!r} is not a time such as 90s, 10m or 1h30m"
        raise click.BadParameter(wanted, ctx, param)
    return Seconds(sum(int(count) * SIZES[unit] for count, unit in PART.findall(value)))
