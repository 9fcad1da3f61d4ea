"""Selectors mean what kubectl's users mean by them."""

from __future__ import annotations

import pytest

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.selectors import field_selector, label_selector

POD: Json = {
    "metadata": {"name": "web-1", "labels": {"app": "web", "example.com/tier": "front"}},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("written", "selects"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app=api", False),
        ("app!=web", False),
        ("missing!=web", True),
        ("app in (api, web)", True),
        ("app in (api)", False),
        ("app notin (api,web)", False),  # codespell:ignore notin
        ("missing notin (api)", True),  # codespell:ignore notin
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("!app", False),
        ("app in (web, api),example.com/tier=front", True),
        ("app in (web, api),example.com/tier=back", False),
    ],
)
def test_labels(written: str, selects: bool) -> None:  # noqa: FBT001 - the expectation
    """A selector taken wrongly deletes or counts the wrong pods."""
    assert label_selector(written)(POD) is selects


@pytest.mark.parametrize(
    ("written", "selects"),
    [
        ("metadata.name=web-1", True),
        ("metadata.name=web-1,status.phase!=Running", False),
        ("status.phase==Running", True),
        ("spec.nodeName=", True),
        ("spec.nodeName!=", False),
    ],
)
def test_fields(written: str, selects: bool) -> None:  # noqa: FBT001 - the expectation
    """``kubectl wait`` and ``get`` of one name watch with these."""
    assert field_selector(written)(POD) is selects


@pytest.mark.parametrize("written", ["app in web", "=web", "app in (a", "a b"])
def test_what_cannot_be_read_is_refused(written: str) -> None:
    """Taken for nothing, it would select everything."""
    with pytest.raises(ApiFailure, match="unable to parse"):
        label_selector(written)
