"""What people see in a terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rolloutd.adapters.kubernetes.fields import dig, items
from rolloutd.sandbox.kubernetes.resources import CONFIG_MAP, POD
from rolloutd.sandbox.kubernetes.store import stamp
from rolloutd.sandbox.kubernetes.tables import age, table
from tests.sandbox.kubernetes.examples import NOON, named


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=-5), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=119), "119m"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=30), "30d"),
    ],
)
def test_ages_are_short(passed: timedelta, shown: str) -> None:
    """The column is read at a glance."""
    assert age(stamp(NOON - passed), NOON) == shown


def test_an_age_that_cannot_be_told_is_unknown() -> None:
    """One odd object must not make the whole list fail."""
    assert age("yesterday", NOON) == "<unknown>"


def test_a_pod_shows_how_many_of_its_containers_are_ready() -> None:
    """``0/1`` is the first sign that a new version does not start."""
    pod = {
        **named("web-1", creationTimestamp=stamp(NOON)),
        "spec": {"containers": [{"name": "app"}, {"name": "proxy"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{"ready": True}, {"ready": False}],
        },
    }
    [row] = items(table(POD, [pod], {}, NOON), "rows")

    assert dig(row, "cells") == ["web-1", "1/2", "Running", "", "0s"]


def test_every_kind_shows_name_and_age() -> None:
    """Also those for which nothing else is worth a column."""
    columns = items(table(CONFIG_MAP, [], {}, NOON), "columnDefinitions")

    assert [dig(each, "name") for each in columns] == ["Name", "Age"]
