"""A message leads to where there is more."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rolloutd.adapters.notify.links import AFTER, BEFORE, Addresses, Link
from rolloutd.core.actions import Happening
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase
from tests.builders import T0, a_plan, a_record, at

ROOT = Path(__file__).parents[3]
KEY = Key("shop", "check out")
ADDRESSES = Addresses(page="https://r/", grafana="https://g/", runbook="https://d/runbook")


def links(
    what: Happening, phase: Phase = Phase.PROGRESSING, addresses: Addresses = ADDRESSES
) -> dict[str, str]:
    record = a_record(a_plan(), phase=phase, run=7)
    found: tuple[Link, ...] = addresses.links(KEY, record, what, at(900))
    return {link.label: link.url for link in found}


def test_without_addresses_there_are_no_links() -> None:
    """A link to nowhere is worse than none."""
    assert links(Happening.ROLLED_BACK, addresses=Addresses()) == {}


def test_a_run_under_way_is_shown_live_and_an_ended_one_as_it_ended() -> None:
    """By the time somebody follows the link, the next run may be under way."""
    live = links(Happening.ADVANCED)["Live view"]
    ended = links(Happening.ROLLED_BACK, Phase.ROLLED_BACK)["Live view"]

    assert live == "https://r/#/shop/check%20out"
    assert ended == "https://r/#/shop/check%20out/runs/7"


def test_charts_show_the_run_and_what_was_before() -> None:
    """An hour around the present is the wrong hour by tomorrow."""
    url = urlsplit(links(Happening.ROLLED_BACK)["Grafana"])

    assert (url.netloc, url.path) == ("g", "/d/rolloutd")
    assert parse_qs(url.query) == {
        "var-rollout_namespace": ["shop"],
        "var-rollout": ["check out"],
        "from": [str(round((T0 - BEFORE) * 1000))],
        "to": [str(round((at(900) + AFTER) * 1000))],
    }


def test_what_goes_as_planned_needs_no_runbook() -> None:
    """A link that is always there is never followed."""
    assert "Runbook" not in links(Happening.ADVANCED)


@pytest.mark.parametrize(
    "what",
    [
        Happening.ROLLED_BACK,
        Happening.ABORTED,
        Happening.PAUSED,
        Happening.SUSPECT,
        Happening.BLIND,
        Happening.DRIFT,
    ],
)
def test_the_runbook_has_the_section_that_is_linked_to(what: Happening) -> None:
    """At night nobody searches for it."""
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)

    _, _, section = links(what)["Runbook"].partition("#")

    assert section in {heading.lower().replace(" ", "-") for heading in headings}
