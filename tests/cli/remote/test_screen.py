"""One rollout on a terminal."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.screen import LINES, Around, screen
from rolloutd.cli.remote.trend import Trend, Trends
from rolloutd.core.units import Instant, Percent
from tests.builders import T0
from tests.cli.remote.pictures import a_full, a_gate, a_line

GREEN = "\x1b[32m"


TREND = Trend(seen=T0, canary=(1.0, 2.0), stable=(1.0, 1.0))
TRENDS = Trends(run=4, gates={"success-rate": TREND})
AROUND = Around(below=Text("[q]uit"), trends=TRENDS)


def drawn(
    now: Full,
    *,
    around: Around = AROUND,
    colour: bool = False,
    height: int = 50,
    width: int = 110,
) -> str:
    """Return what a terminal would show."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        height=height,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
    )
    at = Instant(T0 + 100.0)
    console.print(screen(now, at, around))
    return file.getvalue()


def test_it_says_who_why_what_next_and_when() -> None:
    """At a glance."""
    picture = drawn(a_full())

    for words in (
        "checkout  shop  v3 → v4",
        "Holding at 25 %: all gates are fine.",
        "100 % in 30s if the gates stay fine.",
        "▶ progressing",
        "[q]uit",
    ):
        assert words in picture


def test_a_time_that_no_words_tell_is_told_beside_them() -> None:
    """It runs, and the words are of the daemon's last turn."""
    assert "Looks again. (in 30s)" in drawn(a_full(what_next="Looks again."))
    assert "Looks again in 30s." in drawn(a_full(what_next="Looks again in 1h 5m."))
    assert "Looks again in 2m." in drawn(a_full(what_next="Looks again in 2m.", at=T0))


def test_ordered_and_counted_traffic_stand_below_each_other() -> None:
    """They may differ, and that matters."""
    picture = drawn(a_full())

    assert "stable 75 %   canary 25 %" in picture
    assert "stable 74.8 %   canary 25.2 %" in picture


def test_eighty_columns_hold_the_whole_split() -> None:
    """The canary's share is the end of the bar: cut off, ten per cent look like none."""
    picture = drawn(a_full(observed=0.2441), width=80)

    assert "█  stable 75.6 %   canary 24.4 %" in picture
    assert "…" not in picture.partition("steps")[0]


def test_what_is_not_known_is_not_drawn() -> None:
    """Before the first request, and when a run is over and nobody counts any more."""
    picture = drawn(a_full(desired=None, observed=None, at=None))

    assert "· not known" in " ".join(picture.split())
    assert "· nothing counted now" in " ".join(picture.split())


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

    assert ["│", "success-rate", "99.94%", "99.96%", "99.50%", "0.44", "pp", "112"] in [
        row[:8] for row in rows
    ]
    assert ["✕", "breach", "(shadow)", "│"] in [row[-4:] for row in rows]
    assert ["puzzled", "│"] in [row[-2:] for row in rows]


def test_a_value_beyond_its_limit_is_not_called_fine() -> None:
    """The gate has too little evidence to act on it, and the room is in sight."""
    now = a_full(gates=(a_gate(unit="ms", limit=50.0, canary=90.0, stable=25.0),))

    assert "✓ over" in drawn(now)
    assert "✓ fine" not in drawn(now)


def test_trouble_with_writing_is_shown() -> None:
    """What was decided may not be so yet."""
    assert "Not written yet: refused." in drawn(a_full(trouble="refused."))


def test_a_phase_of_a_newer_daemon_is_shown_by_its_name() -> None:
    """Rather than not at all."""
    assert "· hibernating" in drawn(a_full(phase="hibernating", desired=Percent(1)))


def test_old_news_have_no_green_left() -> None:
    """A picture that may be old must not look as if all were well."""
    around = Around(stale="Lost.")
    fresh, stale = drawn(a_full(), colour=True), drawn(a_full(), around=around, colour=True)

    assert GREEN in fresh
    assert GREEN not in stale
    assert "STALE  Lost." in stale


def test_both_arms_of_a_gate_are_drawn_over_time() -> None:
    """Whether it gets worse is seen before it is too late."""
    rows = [line.split() for line in drawn(a_full()).splitlines()]

    assert ["│", "success-rate", "canary", "▁█", "│"] in rows
    assert ["│", "stable", "▁▁", "│"] in rows


def test_a_gate_that_has_not_been_seen_twice_is_not_drawn() -> None:
    """A gap would take its lines for nothing."""
    assert "▁" not in drawn(a_full(gates=(a_gate(name="p99"),)))


def test_on_a_small_terminal_the_keys_stay_in_sight() -> None:
    """What comes after its last line is not shown: the past gives way, the curves first."""
    told = tuple(a_line(10, f"Line {each}.") for each in range(20))
    picture = drawn(a_full(timeline=told), height=24)

    assert len(picture.splitlines()) <= 24
    assert "[q]uit" in picture.splitlines()[-1]
    assert "▁" not in drawn(a_full(timeline=told), height=18)
    assert "Line 19." in picture
    assert drawn(a_full(timeline=told)).count("Line ") == LINES


def test_a_question_is_seen_on_any_terminal() -> None:
    """Whoever presses a key has to see what is asked, however long the reasons are."""
    now = a_full(why="Holding at 25 %: a reason of some length. " * 9)
    asked = "All traffic goes back to stable at once, and the canary gets none. " * 2
    around = Around(stale="Lost.", below=Text(f"{asked}\n[Enter] rollback"), trends=TRENDS)

    for height in (24, 16, 8):
        lines = drawn(now, around=around, height=height, width=80).splitlines()
        assert len(lines) <= height
        assert "[Enter] rollback" in lines[-1]


def test_a_gate_is_one_line_at_eighty_columns() -> None:
    """Names cut off and verdicts on three lines push the rest off the screen."""
    gates = (
        a_gate(in_a_row=153),
        a_gate(name="latency-p99", unit="ms", canary=23.92, limit=31.57, in_a_row=158),
    )
    rows = [line.split() for line in drawn(a_full(gates=gates), width=80).splitlines()]

    assert [(row[1], row[-2]) for row in rows if "fine" in row] == [
        ("success-rate", "x153"),
        ("latency-p99", "x158"),
    ]


def test_clean_looks_in_a_row_are_counted() -> None:
    """Thirty say more than one, and one is nothing to tell of."""
    assert "✓ fine, 31 in a row" in drawn(a_full(gates=(a_gate(in_a_row=31),)))
    assert "in a row" not in drawn(a_full(gates=(a_gate(in_a_row=1),)))
