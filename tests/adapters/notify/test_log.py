"""The log is told of everything."""

from __future__ import annotations

from structlog.testing import capture_logs

from rolloutd.adapters.notify.log import LogHerald
from rolloutd.core.actions import Announce, Happening
from tests.builders import a_plan, a_record


def test_a_happening_is_one_line_with_its_rollout_and_reason() -> None:
    """What people search for afterwards."""
    plan = a_plan()

    with capture_logs() as lines:
        words = Announce(what=Happening.ROLLED_BACK, text="Rolled back: 5xx.", actor="")
        LogHerald().tell(plan, a_record(plan), words)

    (line,) = lines
    assert line["event"] == "rollout_rolled_back"
    assert (line["rollout_namespace"], line["rollout"]) == ("default", "data-product")
    assert (line["reason"], line["actor"], line["weight"]) == (
        "Rolled back: 5xx.",
        "rolloutd",
        10,
    )
