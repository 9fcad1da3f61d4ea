"""Summaries rendered once."""

from __future__ import annotations

import dataclasses

import orjson

from rolloutd.api.control.sheets import Sheets
from rolloutd.core.actions import Outlook
from rolloutd.core.plan import Key
from rolloutd.engine.view import View
from tests.builders import T0, a_plan, a_record


def a_view(name: str = "checkout", namespace: str = "shop") -> View:
    plan = a_plan(key=Key(namespace, name))
    outlook = Outlook(why="Within limits.", what_next="On to 50 %.")
    return View(plan=plan, record=a_record(plan), at=T0, outlook=outlook)


def test_the_same_view_is_rendered_once() -> None:
    """Two hundred pages and a list look at five hundred rollouts every second."""
    sheets, view = Sheets(), a_view()

    assert sheets.of(view) is sheets.of(view)


def test_a_new_view_is_never_shown_as_the_one_before() -> None:
    """Not even when it is of the same moment: a stale sheet would be an old green."""
    sheets, view = Sheets(), a_view()
    sheets.of(view)
    worse = dataclasses.replace(view, outlook=dataclasses.replace(view.outlook, why="Broken."))

    assert orjson.loads(sheets.of(worse))["why"] == "Broken."
    assert orjson.loads(sheets.of(view))["why"] == "Within limits."


def test_rollouts_of_one_name_in_two_namespaces_are_told_apart() -> None:
    """The usual case: one service, two environments."""
    sheets = Sheets()
    sheets.of(a_view())
    other = sheets.of(a_view(namespace="staging"))

    assert orjson.loads(other)["namespace"] == "staging"


def test_rollouts_that_are_gone_are_forgotten() -> None:
    """Plans come and go for months: what is held is bounded by those there are."""
    sheets, kept, gone = Sheets(), a_view(), a_view("cart")
    first, old = sheets.of(kept), sheets.of(gone)

    sheets.keep({kept.plan.key})

    assert sheets.of(kept) is first
    assert sheets.of(gone) is not old
    assert sheets.of(gone) == old
