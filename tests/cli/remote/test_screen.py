"""One rollout on a terminal."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.screen import screen
from rolloutd.core.units import Instant, Percent
from tests.builders import T0
from tests.cli.remote.pictures import a_full, a_gate

GREEN = "\x1b[32m"


def drawn(now: Full, *, stale: str = "", colour: bool = False) -> str:
    """Return what a terminal would show."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=110,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
    )
    at = Instant(T0 + 100.0)
    console.print(screen(now, at, stale=stale, below=Text("[q]uit")))
    return file.getvalue()


def test_it_says_who_why_what_next_and_when() -> None:
    """At a glance."""
    picture = drawn(a_full())

    for words in (
        "checkout  shop  v3 → v4",
        "Holding at 25 %: all gates are fine.",
        "100 % in 2m if the gates stay fine.  (30s left)",
        "▶ progressing",
        "[q]uit",
    ):
        assert words in picture


def test_ordered_and_counted_traffic_stand_below_each_other() -> None:
    """They may differ, and that matters."""
    picture = drawn(a_full())

    assert "stable 75 %   canary 25 %" in picture
    assert "stable 74.8 %   canary 25.2 %" in picture


def test_what_is_not_known_is_not_drawn() -> None:
    """Before the first request."""
    picture = drawn(a_full(desired=None, observed=None, at=None))

    assert picture.count("not known yet") == 2


def test_steps_show_what_is_done_and_what_is_to_come() -> None:
    """A pause is a step, too."""
    assert "✓ 10 % ─ ▶ 25 % ─ pause ─ 100 %" in drawn(a_full())
    assert "10 % ─ 25 % ─ pause" in drawn(a_full(phase="waiting"))
    assert "✓ 100 %" in drawn(a_full(phase="promoted"))


def test_a_gate_shows_both_arms_the_limit_and_the_room() -> None:
    """What a person checks a verdict by."""
    gates = (
        a_gate(),
        a_gate(name="p99", unit="ms", ruling="rollback", canary=512.0, enforced=False),
        a_gate(name="own", unit="", ruling="puzzled", canary=None, room=None),
    )
    rows = [line.split() for line in drawn(a_full(gates=gates)).splitlines()]

    assert ["│", "success-rate", "99.94%", "99.96%", "99.50%", "44.0%", "112", "✓"] in [
        row[:8] for row in rows
    ]
    assert ["✕", "breach", "(shadow)", "│"] in [row[-4:] for row in rows]
    assert ["puzzled", "│"] in [row[-2:] for row in rows]


def test_trouble_with_writing_is_shown() -> None:
    """What was decided may not be so yet."""
    assert "Not written yet: refused." in drawn(a_full(trouble="refused."))


def test_a_phase_of_a_newer_daemon_is_shown_by_its_name() -> None:
    """Rather than not at all."""
    assert "· hibernating" in drawn(a_full(phase="hibernating", desired=Percent(1)))


def test_old_news_have_no_green_left() -> None:
    """A picture that may be old must not look as if all were well."""
    fresh, stale = drawn(a_full(), colour=True), drawn(a_full(), stale="Lost.", colour=True)

    assert GREEN in fresh
    assert GREEN not in stale
    assert "STALE  Lost." in stale
