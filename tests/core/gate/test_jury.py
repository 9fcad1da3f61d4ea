"""All gates of a rollout together."""

from __future__ import annotations

import json

from rolloutd.core.gate import from_json, hear, revise, seat, to_json, verdicts
from rolloutd.core.observation import Histogram, History, Ruling
from rolloutd.core.plan import Judgement
from tests.core.gate.cases import (
    after_hearing,
    counts,
    interval,
    latency,
    plan,
    promql,
    success,
)

GATES = (success(minimum=0.99), latency(maximum=300.0), promql(maximum=0.8, consecutive=2))
TIMES = Histogram(bounds=(100.0, 250.0), counts=(180, 199, 200))
SAMPLES = [
    interval(
        number,
        counts(200, number % 3, TIMES),
        counts(1_800, number % 2, TIMES),
        values={"saturation": (0.1 * number, None)},
    )
    for number in range(10)
]
HISTORY = History(requests=90_000, failures=90, dispersion=1.1, latency=TIMES)


def test_one_verdict_a_gate_in_plan_order() -> None:
    """Readers match verdicts with the plan by eye."""
    jury = after_hearing(seat(plan(*GATES)), SAMPLES)

    assert [verdict.gate for verdict in verdicts(jury)] == [gate.name for gate in GATES]


def test_hearing_changes_a_new_value_only() -> None:
    """A jury may be kept, compared and replayed."""
    jury = seat(plan(*GATES))
    hear(jury, SAMPLES[0])

    assert jury == seat(plan(*GATES))


def test_state_survives_json_to_the_last_bit() -> None:
    """A restart in mid-run must not change a verdict."""
    watched = plan(*GATES)
    whole = after_hearing(seat(watched, HISTORY), SAMPLES)
    half = after_hearing(seat(watched, HISTORY), SAMPLES[:5])
    restored = from_json(watched, json.loads(json.dumps(to_json(half))))

    assert restored == half
    assert verdicts(after_hearing(restored, SAMPLES[5:])) == verdicts(whole)


def test_state_of_another_form_starts_anew() -> None:
    """After an upgrade evidence is gathered again rather than misread."""
    watched = plan(*GATES)
    saved = to_json(after_hearing(seat(watched), SAMPLES)) | {"form": 0}

    assert from_json(watched, saved) == seat(watched)


def test_a_broken_state_starts_that_gate_anew() -> None:
    """One damaged entry must not cost the other gates what they know."""
    watched = plan(*GATES)
    heard = after_hearing(seat(watched), SAMPLES)
    saved = to_json(heard)
    entries = saved["gates"]
    assert isinstance(entries, list)
    entries[0]["state"] = {"spans": "nonsense"}

    restored = from_json(watched, saved)

    assert restored.jurors[0] == seat(watched).jurors[0]
    assert restored.jurors[1:] == heard.jurors[1:]


def test_nonsense_in_place_of_state_starts_anew() -> None:
    """The state lives where people can edit it."""
    watched = plan(*GATES)

    assert from_json(watched, {}) == seat(watched)
    assert from_json(watched, {"form": 1, "history": 3, "gates": [7]}) == seat(watched)


def test_an_edit_keeps_what_unchanged_gates_have_learnt() -> None:
    """Raising one limit must not make the other gates begin again."""
    before, after = plan(*GATES), plan(success(minimum=0.95), *GATES[1:])
    heard = after_hearing(seat(before), SAMPLES)

    revised = revise(heard, after)

    assert revised.jurors[1:] == heard.jurors[1:]
    assert verdicts(revised)[0].ruling is Ruling.BLIND
    assert revised.last == heard.last


def test_a_sequential_gate_survives_json_and_an_edit_elsewhere() -> None:
    """A restart in mid-run must not cost the evidence."""
    gate = success(Judgement.SEQUENTIAL, max_drop=0.005)
    asked = plan(gate)
    jury = after_hearing(seat(asked), [interval(0, counts(10), counts(90))])

    again = from_json(asked, json.loads(json.dumps(to_json(jury))))

    assert verdicts(again) == verdicts(jury)
    assert verdicts(revise(again, asked)) == verdicts(jury)
