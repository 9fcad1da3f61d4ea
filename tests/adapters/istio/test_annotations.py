"""Keys that Kubernetes accepts and no two plans share."""

from __future__ import annotations

import re
from dataclasses import astuple

import pytest

from rolloutd.adapters.istio.annotations import epoch, keys, owned, owner
from tests.adapters.istio.examples import Written

QUALIFIED = re.compile(r"rolloutd\.io/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


@pytest.mark.parametrize("length", [1, 47, 48, 63, 253])
def test_keys_are_valid_whatever_the_name(length: int) -> None:
    """The API server refuses the whole patch for one bad key."""
    for key in astuple(keys("a" * length)):
        assert QUALIFIED.fullmatch(key)


def test_short_names_are_readable() -> None:
    """People read annotations with kubectl."""
    assert keys("data-product").record == "rolloutd.io/record.data-product"


def test_long_names_that_begin_alike_differ() -> None:
    """Two plans on one VirtualService must not overwrite each other's record."""
    assert keys("a" * 100).record != keys("a" * 101).record


def test_a_cut_name_is_no_other_plans_name() -> None:
    """Plan names have no underscore."""
    assert "_" in keys("a" * 100).record


@pytest.mark.parametrize("written", ["", "x", "-1", "1.5", "٣"])
def test_unreadable_epoch_fences_nobody(written: str) -> None:
    """A tampered number must not lock every leader out."""
    assert epoch(Written(annotations={"rolloutd.io/epoch": written}).object()) is None


def test_owned_plans_are_named_in_full() -> None:
    """The key is cut where it is too long, the value is not."""
    names = ("shop", "a" * 100)
    marks = {keys(name).owner: owner("rolloutd/rolloutd", name) for name in names}

    assert owned(Written(annotations=marks).object(), "rolloutd/rolloutd") == names
    assert owned(Written(annotations=marks).object(), "other/rolloutd") == ()
