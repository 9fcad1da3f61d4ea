"""Quantities as people write them: what is taken, and what is said about the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from rolloutd.adapters.plans.quantities import (
    GRPC_STATUS,
    interval_duration,
    parse_days,
    parse_duration,
    parse_grpc_status,
    parse_http_codes,
    parse_minute,
    parse_percentage,
    parse_points,
    parse_timezone,
    positive_duration,
    shown,
)


def said(parse: Callable[[object], object], value: object) -> str:
    """Return what a parser says about a value that it refuses."""
    with pytest.raises(PydanticCustomError) as refused:
        parse(value)
    context = refused.value.context or {}
    return f"{context['code']}: {context['message']}; {context['remedy']}"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0s", 0.0), ("90s", 90.0), ("1m30s", 90.0), ("1h", 3600.0), ("500ms", 0.5)],
)
def test_a_duration_is_numbers_with_units(written: str, seconds: float) -> None:
    """GEP-2257: what the Gateway API takes, and nothing else."""
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "5", "5 m", "1.5h", "-5m", "5M", "1d", "123456s", "1s1s1s1s1s", "5m\n"]
)
def test_what_other_formats_call_a_duration_is_refused(written: str) -> None:
    """A guess at a unit would be off by a factor of 60."""
    assert said(parse_duration, written).startswith("RD120: ")


def test_a_bare_number_is_told_to_take_a_unit() -> None:
    """The commonest slip of all, with both likely meanings."""
    assert said(parse_duration, 5) == "RD120: 5 has no unit; write 5s or 5m"


@given(st.tuples(*[st.integers(0, 99999)] * 4))
def test_a_duration_is_the_sum_of_its_parts(parts: tuple[int, int, int, int]) -> None:
    """Whatever the numbers, no part is lost."""
    hours, minutes, seconds, millis = parts

    written = f"{hours}h{minutes}m{seconds}s{millis}ms"

    expected = hours * 3600 + minutes * 60 + seconds + millis / 1000
    assert parse_duration(written) == pytest.approx(expected)


def test_a_limit_of_no_time_is_refused() -> None:
    """A latency gate at 0s would roll back every canary."""
    assert said(positive_duration, "0s") == "RD114: 0s is no time at all; more than 0s"


def test_an_interval_lasts_a_second_at_least() -> None:
    """Below that, Prometheus and sidecars have nothing new to say."""
    assert said(interval_duration, "900ms") == "RD114: 900ms is too short; at least 1s"


@pytest.mark.parametrize(
    ("written", "ratio"), [("99%", 0.99), ("99.9%", 0.999), ("0.1%", 0.001), ("50%", 0.5)]
)
def test_a_percentage_is_the_ratio_people_mean(written: str, ratio: float) -> None:
    """99.9 / 100 in binary is not 0.999; a limit must be."""
    assert parse_percentage(written) == ratio


@pytest.mark.parametrize("written", [0.99, 99, "99", "99 %", "-1%", "1e1%", "99,5%", None])
def test_a_percentage_without_its_sign_is_refused(written: object) -> None:
    """Is 1 a ratio or a percent? Nobody has to guess."""
    assert said(parse_percentage, written).startswith("RD121: ")


@pytest.mark.parametrize("written", ["0%", "100%", "101%", "999%"])
def test_a_share_that_no_evidence_can_show_is_refused(written: str) -> None:
    """At 100 % the first lost packet is a breach, and 0 % can't be broken."""
    assert said(parse_percentage, written).startswith("RD114: ")


def test_percentage_points_are_told_from_percent() -> None:
    """A drop of 1 % of 99 % is not one of 1 pp."""
    assert parse_points("0.5pp") == 0.005
    assert said(parse_points, "0.5%").endswith("write a number and pp, such as 0.5pp")


@pytest.mark.parametrize(("written", "minute"), [("00:00", 0), ("09:30", 570), ("24:00", 1440)])
def test_a_time_of_day_is_minutes_after_midnight(written: str, minute: int) -> None:
    """24:00 is how a window ends with its day."""
    assert parse_minute(written) == minute


@pytest.mark.parametrize("written", ["9:00", "24:01", "12:60", "9am", "", 540, None])
def test_another_time_of_day_is_refused(written: object) -> None:
    """540 is what YAML 1.1 makes of an unquoted 9:00."""
    assert said(parse_minute, written).startswith("RD122: ")


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("mon", {1}),
        ("mon-fri", {1, 2, 3, 4, 5}),
        ("sat,sun", {6, 7}),
        ("sat, sun", {6, 7}),
        ("fri-mon", {5, 6, 7, 1}),
        ("mon-wed,fri", {1, 2, 3, 5}),
    ],
)
def test_days_are_names_ranges_and_lists(written: str, days: set[int]) -> None:
    """A range may go round the end of the week."""
    assert parse_days(written) == days


def test_a_misspelt_day_is_recognised() -> None:
    """The remedy names the day."""
    assert "did you mean 'tue'?" in said(parse_days, "mon,tues")


@pytest.mark.parametrize("written", ["", "1-5", "mon-", ",", "Mon", 1, ["mon"]])
def test_days_by_number_or_by_halves_are_refused(written: object) -> None:
    """Is 1 a Sunday or a Monday?"""
    assert said(parse_days, written).startswith("RD123: ")


def test_a_time_zone_is_an_iana_name() -> None:
    """Abbreviations are ambiguous, offsets know no summer."""
    assert parse_timezone("Europe/Berlin") == "Europe/Berlin"


@pytest.mark.parametrize(
    "written", ["", "Berlin", "../etc/passwd", "/etc/localtime", "Europe", 1]
)
def test_what_is_no_time_zone_is_refused(written: object) -> None:
    """A path may not lead out of the zone files; a folder of zones is none."""
    assert said(parse_timezone, written).startswith("RD124: ")


def test_a_city_is_led_to_its_zone() -> None:
    """What people know is the city."""
    assert "did you mean 'Europe/Berlin'?" in said(parse_timezone, "Berlin")


@pytest.mark.parametrize(("written", "number"), [("UNAVAILABLE", 14), (14, 14), ("UNKNOWN", 2)])
def test_a_grpc_status_is_a_name_or_a_number(written: object, number: int) -> None:
    """Names in code, numbers in metrics."""
    assert parse_grpc_status(written) == number


@pytest.mark.parametrize("written", [0, "OK", 17, True, "unavailable", "14"])
def test_a_status_that_is_no_failure_is_refused(written: object) -> None:
    """Counting OK as failed would roll back everything."""
    assert said(parse_grpc_status, written).startswith("RD127: ")


def test_grpc_statuses_are_numbered_as_the_protocol_does() -> None:
    """The index is the number on the wire."""
    assert len(GRPC_STATUS) == 17
    assert (GRPC_STATUS[4], GRPC_STATUS[16]) == ("DEADLINE_EXCEEDED", "UNAUTHENTICATED")


def test_http_codes_are_a_range() -> None:
    """Both ends belong to it."""
    assert parse_http_codes("500-599") == (500, 599)


@pytest.mark.parametrize("written", ["5xx", "599-500", "500", "500-600", 500, None])
def test_another_range_of_codes_is_refused(written: object) -> None:
    """An empty or endless range would judge nothing, or everything."""
    assert said(parse_http_codes, written).startswith("RD128: ")


def test_a_long_value_is_shown_in_part() -> None:
    """A message has to fit a line of a log."""
    assert len(shown("x" * 1000)) == 60
