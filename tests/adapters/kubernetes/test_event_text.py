"""News as Events: what is written there is what scripts and people select by."""

from __future__ import annotations

import dataclasses
import re

import pytest

from rolloutd.adapters.kubernetes.event_text import (
    MESSAGE_LENGTH,
    REASONS,
    Report,
    body,
    name_of,
    reports,
)
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Plan, Routes
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.ports import Json
from tests.builders import a_plan, a_record, at, says

PLAN = a_plan()
RECORD = a_record(PLAN)
THERE: Json = {
    "apiVersion": "networking.istio.io/v1beta1",
    "metadata": {"name": "data-product", "uid": "u-1"},
}


def reported(
    what: Happening,
    record: Record = RECORD,
    plan: Plan = PLAN,
    text: str = "Said.",
    ruling: Ruling = Ruling.FINE,
) -> list[Report]:
    words = Announce(what=what, text=text, verdicts=(says(ruling),))
    return list(reports(plan, record, words, at(60)))


def test_the_reasons_are_those_that_scripts_wait_for() -> None:
    """A changed one breaks them without a word."""
    assert dict(REASONS) == {
        Happening.STARTED: "Started",
        Happening.ADVANCED: "StepAdvanced",
        Happening.PAUSED: "Paused",
        Happening.RESUMED: "Resumed",
        Happening.SUSPECT: "GateSuspect",
        Happening.CLEARED: "SuspicionCleared",
        Happening.BLIND: "GatesBlind",
        Happening.DRIFT: "DriftCorrected",
        Happening.ROLLED_BACK: "RolledBack",
        Happening.SUPERSEDED: "Superseded",
        Happening.ABORTED: "Aborted",
        Happening.PROMOTED: "Promoted",
        Happening.SCALED_DOWN: "StableScaledDown",
    }


@pytest.mark.parametrize("what", [Happening.ROLLED_BACK, Happening.PAUSED])
def test_a_breach_is_an_event_of_its_own(what: Happening) -> None:
    """Why, before what came of it."""
    held = Pause(cause=Cause.BREACH, actor="", reason=".")
    record = a_record(PLAN, phase=Phase.PAUSED, pause=held)

    breach, then = reported(what, record, ruling=Ruling.BREACH)

    assert (breach.reason, breach.is_warning) == ("GateBreached", True)
    assert breach.message == "data-product: success-rate: it is rollback."
    assert (then.reason, then.is_warning) == (REASONS[what], True)


@pytest.mark.parametrize(
    ("cause", "is_warning"),
    [
        (Cause.PLAN, False),
        (Cause.PERSON, False),
        (Cause.HANDS_OFF, False),
        (Cause.BREACH, True),
        (Cause.DRIFT, True),
        (Cause.UNDECIDED, True),
        (Cause.PLAN_REMOVED, True),
    ],
)
def test_a_pause_is_a_warning_where_nobody_asked_for_it(
    cause: Cause, *, is_warning: bool
) -> None:
    """Filters on warnings should find what needs somebody."""
    held = Pause(cause=cause, actor="", reason=".")
    (report,) = reported(Happening.PAUSED, a_record(PLAN, phase=Phase.PAUSED, pause=held))

    assert report.is_warning is is_warning


def test_the_event_is_about_the_very_object() -> None:
    """``kubectl describe`` asks by its uid."""
    (report,) = reported(Happening.ADVANCED)

    event = body(report, THERE)

    assert event["involvedObject"] == {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "namespace": "default",
        "name": "data-product",
        "uid": "u-1",
    }
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2023-11-14T22:14:20Z"
    assert (event["count"], event["type"]) == (1, "Normal")


def test_an_event_about_an_object_that_is_gone_can_be_written() -> None:
    """Somebody deleted the VirtualService in mid-rollout: that is when one looks at Events."""
    (report,) = reported(Happening.BLIND)

    about = body(report, None)["involvedObject"]

    assert isinstance(about, dict)
    assert (about["apiVersion"], about["uid"]) == ("networking.istio.io/v1", "")


def test_the_same_news_has_the_same_name_and_other_news_another() -> None:
    """So two processes can't tell it twice."""
    later = a_record(PLAN, since=at(5))
    names = [
        name_of(report)
        for record, what in (
            (RECORD, Happening.ADVANCED),
            (RECORD, Happening.ADVANCED),
            (later, Happening.ADVANCED),
            (RECORD, Happening.PROMOTED),
        )
        for report in reported(what, record)
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_name_is_one_that_kubernetes_takes() -> None:
    """A VirtualService may have a name of 253 characters."""
    routes = Routes(virtual_service="v" * 253, routes=())
    (report,) = reported(Happening.ADVANCED, plan=a_plan(virtual_services=(routes,)))

    name = name_of(report)

    assert len(name) <= 253
    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name)


def test_a_message_of_any_length_and_of_any_characters_can_be_sent() -> None:
    """Reasons come from people; half a surrogate has no form in UTF-8."""
    (report,) = reported(Happening.PAUSED, text="\ud800" + "x" * 5000)

    assert len(report.message) == MESSAGE_LENGTH
    assert report.message.encode()


def test_a_shadow_gate_breaks_nothing() -> None:
    """It is only shown."""
    shadow = dataclasses.replace(says(Ruling.BREACH), enforced=False)
    words = Announce(what=Happening.ROLLED_BACK, text="Blind.", verdicts=(shadow,))

    assert len(list(reports(PLAN, RECORD, words, at(60)))) == 1
