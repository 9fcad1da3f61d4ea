"""Label selectors choose what Kubernetes would choose."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.selector import matches
from rolloutd.ports import Json

LABELS: Json = {"app": "shop", "version": "v4"}


@pytest.mark.parametrize(
    ("selector", "matched"),
    [
        pytest.param({"matchLabels": {"app": "shop"}}, True, id="equal"),
        pytest.param(
            {"matchLabels": {"app": "shop", "version": "v3"}}, False, id="one differs"
        ),
        pytest.param({"matchLabels": {"tier": "web"}}, False, id="missing label"),
        pytest.param({}, False, id="empty selects nothing"),
    ],
)
def test_labels_must_all_be_equal(selector: Json, *, matched: bool) -> None:
    """A selector is a conjunction."""
    assert matches(selector, LABELS) is matched


@pytest.mark.parametrize(
    ("key", "operator", "values", "matched"),
    [
        ("version", "In", ["v3", "v4"], True),
        ("version", "In", ["v3"], False),
        ("tier", "In", ["web"], False),
        ("version", "NotIn", ["v3"], True),
        ("version", "NotIn", ["v4"], False),
        ("tier", "NotIn", ["web"], True),
        ("app", "Exists", [], True),
        ("tier", "Exists", [], False),
        ("tier", "DoesNotExist", [], True),
        ("app", "DoesNotExist", [], False),
        ("app", "Near", [], False),
    ],
)
def test_expressions_follow_the_api(
    key: str, operator: str, values: list[str], *, matched: bool
) -> None:
    """``NotIn`` holds for a missing label, ``In`` does not; an unknown operator never does."""
    expression = {"key": key, "operator": operator, "values": values}

    assert matches({"matchExpressions": [expression]}, LABELS) is matched
