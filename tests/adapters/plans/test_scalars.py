"""Scalars on which YAML's versions disagree."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.adapters.plans.scalars import core_value, surprise

SURPRISING = [
    *("on", "off", "yes", "No", "y", "1:30", "09:00", "17:00", "010", "-07", "0o10", "0b11"),
    *("1_000", "0x_f", "1e3", "1.5e3", "2026-01-01", "2026-01-01T10:00:00Z", "="),
]


@pytest.mark.parametrize("text", SURPRISING)
def test_what_the_versions_read_differently_is_known(text: str) -> None:
    """``to: 17:00`` is five in the afternoon here and 1020 in a tool of 2009."""
    assert surprise(text) is not None


@pytest.mark.parametrize(
    "text",
    ["v4", "5m", "99%", "0.5pp", "10", "0", "-3", "0.99", "1.2", "true", "mon-fri", "500-599"],
)
def test_what_plans_are_made_of_is_no_surprise(text: str) -> None:
    """Quotes everywhere would be the other way to drive people mad."""
    assert surprise(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-3", -3),
        ("0x1F", 31),
        ("0.99", 0.99),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("v4", "v4"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("99999999999999999999999", 1e23),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    """Without infinity, not-a-number and integers without end, which no field can use."""
    read = core_value(text)

    assert read == value
    assert type(read) is type(value)


@given(st.text(alphabet="0123456789.eE+-xo_:yYnoOfFtrue~", max_size=8))
def test_whatever_is_no_surprise_means_the_same_to_pyyaml(text: str) -> None:
    """An old reader is the judge: where we see no doubt, it agrees with us."""
    resolve = yaml.resolver.Resolver().resolve
    old = resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # theirs
    doubtful = surprise(text) is not None or text in {".inf", ".nan", "+.inf", "-.inf", "<<"}

    kinds = {"int": int, "float": float, "bool": bool, "null": type(None), "str": str}
    kind = kinds.get(old.rpartition(":")[2])
    long = isinstance(core_value(text), float) and kind is int
    assert doubtful or long or type(core_value(text)) is kind
