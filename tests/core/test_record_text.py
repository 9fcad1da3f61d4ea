"""The record survives its annotation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.core.machine import STORY_LENGTH, Because, tell
from rolloutd.core.plan import Routes
from rolloutd.core.record_text import from_text, to_text
from rolloutd.core.state import Arms, Cause, Pause, Phase, Record, Transition
from rolloutd.core.units import Instant, Percent
from rolloutd.errors import Refused
from tests.builders import T0, a_plan, a_record, at

TIMES = st.integers(0, 4_000_000_000_000).map(lambda ms: Instant(ms / 1000))
WORDS = st.text(max_size=60)
WEIGHTS = st.integers(0, 100).map(Percent)
PAUSES = st.builds(
    Pause,
    cause=st.sampled_from(Cause),
    actor=WORDS,
    reason=WORDS,
    until=st.one_of(st.none(), TIMES),
)
NAMES = st.one_of(st.none(), WORDS)
RECORDS = st.builds(
    Record,
    run=st.integers(1, 10_000),
    digest=WORDS,
    revision=WORDS,
    arms=st.builds(
        Arms, stable_host=NAMES, stable_subset=NAMES, canary_host=NAMES, canary_subset=NAMES
    ),
    phase=st.sampled_from(Phase),
    started=TIMES,
    since=TIMES,
    step=st.integers(0, 100),
    step_since=TIMES,
    weight=WEIGHTS,
    routes=st.lists(
        st.builds(Routes, virtual_service=WORDS, routes=st.lists(WORDS, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    suspect=st.booleans(),
    pause=st.one_of(st.none(), PAUSES),
    reason=WORDS,
    commands=st.lists(WORDS, max_size=8).map(tuple),
    restores=st.lists(TIMES, max_size=4).map(tuple),
    retiring=st.integers(0, 2**53),
    scaled_down=st.booleans(),
    transitions=st.lists(
        st.builds(
            Transition,
            at=TIMES,
            phase=st.sampled_from(Phase),
            step=st.integers(0, 100),
            weight=WEIGHTS,
            reason=WORDS,
            actor=WORDS,
        ),
        max_size=12,
    ).map(tuple),
)


@given(RECORDS)
def test_what_is_written_is_read_back(record: Record) -> None:
    """To the millisecond."""
    assert from_text(to_text(record)) == record


def test_a_long_story_fits_into_the_annotation() -> None:
    """8 KiB is the bound; the story forgets its beginning instead."""
    record = a_record(a_plan())
    for number in range(100):
        record = tell(record, at(number), Because("x" * 4000, "somebody@example.org"))

    assert len(record.transitions) == STORY_LENGTH
    assert len(to_text(record).encode()) < 8192


def form() -> dict[str, object]:
    parsed: dict[str, object] = json.loads(to_text(a_record(a_plan())))
    return parsed


def test_a_record_of_the_next_version_is_read() -> None:
    """A rolling upgrade that is undone leaves such records behind."""
    newer = {**form(), "v": 2, "moodOfTheCanary": "cheerful"}

    assert from_text(json.dumps(newer)) == a_record(a_plan())


def test_fields_that_an_older_version_did_not_write_are_filled_in() -> None:
    """The one before us knew nothing of them."""
    older = form()
    for field in ("suspect", "pause", "commands", "restores", "scaledDown", "transitions"):
        del older[field]

    assert from_text(json.dumps(older)) == a_record(a_plan())


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        "null",
        json.dumps({**form(), "v": 99}),
        json.dumps({**form(), "v": True}),
        json.dumps({**form(), "phase": "dancing"}),
        json.dumps({**form(), "weight": 101}),
        json.dumps({**form(), "weight": "10"}),
        json.dumps({**form(), "since": "yesterday"}),
        json.dumps({**form(), "since": True}),
        json.dumps({**form(), "transitions": [[T0, "waiting"]]}),
        json.dumps({k: v for k, v in form().items() if k != "run"}),
    ],
)
def test_what_is_not_a_record_is_refused(broken: str) -> None:
    """Somebody edited it by hand; guessing could move everybody's traffic."""
    with pytest.raises(Refused, match="record can't be read"):
        from_text(broken)
