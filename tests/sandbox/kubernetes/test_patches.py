"""Patches change what they name, and nothing where they do not fit."""

from __future__ import annotations

import pytest

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.patches import json_patch, merge_patch

DOCUMENT: Json = {"a": {"b": [1, 2, 3], "c/d": "e"}, "n": None, "t": True}


def operation(op: str, path: str, **fields: object) -> Json:
    """Make one operation."""
    return {"op": op, "path": path, **{key.rstrip("_"): v for key, v in fields.items()}}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (operation("add", "/a/b/1", value=9), {"b": [1, 9, 2, 3], "c/d": "e"}),
        (operation("add", "/a/b/-", value=9), {"b": [1, 2, 3, 9], "c/d": "e"}),
        (operation("add", "/a/x", value=9), {"b": [1, 2, 3], "c/d": "e", "x": 9}),
        (operation("remove", "/a/b/0"), {"b": [2, 3], "c/d": "e"}),
        (operation("replace", "/a/c~1d", value=9), {"b": [1, 2, 3], "c/d": 9}),
        (operation("move", "/a/x", from_="/a/b"), {"x": [1, 2, 3], "c/d": "e"}),
        (operation("copy", "/a/x", from_="/a/c~1d"), {"b": [1, 2, 3], "c/d": "e", "x": "e"}),
    ],
    ids=lambda value: f"{value.get('op')} {value.get('path')}" if "op" in value else "",
)
def test_operations_do_what_the_rfc_says(step: Json, expected: Json) -> None:
    """The daemon's writes are JSON patches; a lax server would let wrong ones pass."""
    assert json_patch(DOCUMENT, [step])["a"] == expected


@pytest.mark.parametrize(
    "step",
    [
        operation("test", "/a/b/0", value=2),
        operation("test", "/t", value=1),
        operation("test", "/n/x", value=None),
        operation("replace", "/a/missing", value=1),
        operation("remove", "/a/b/3"),
        operation("add", "/a/b/4", value=1),
        operation("add", "/missing/x", value=1),
        operation("remove", "/a/b/01"),
        operation("remove", "/a/b/-"),
        operation("replace", "", value=1),
    ],
    ids=lambda step: f"{step['op']} {step['path']}",
)
def test_what_does_not_fit_is_unprocessable_without_details(step: Json) -> None:
    """By the missing details the client tells a lost race from an invalid field."""
    with pytest.raises(ApiFailure) as refused:
        json_patch(DOCUMENT, [step])
    assert (refused.value.code, refused.value.details) == (422, None)


@pytest.mark.parametrize(
    "patch", [{}, [1], [operation("burn", "/a")], [operation("add", "/a")], [{"op": "remove"}]]
)
def test_what_is_no_patch_is_a_bad_request(patch: object) -> None:
    """It is the client's mistake, and trying again will not help."""
    with pytest.raises(ApiFailure) as refused:
        json_patch(DOCUMENT, patch)
    assert refused.value.code == 400


def test_a_patch_that_fails_halfway_changes_nothing() -> None:
    """Weights and record travel in one patch because it is all or nothing."""
    before = str(DOCUMENT)

    with pytest.raises(ApiFailure):
        json_patch(DOCUMENT, [operation("remove", "/a/b/0"), operation("remove", "/x")])
    assert str(DOCUMENT) == before


def test_a_merge_removes_what_is_null_and_keeps_the_rest() -> None:
    """Clearing an annotation must not clear the others."""
    target: Json = {"a": {"x": 1, "y": 2}, "list": [1, 2]}

    assert merge_patch(target, {"a": {"x": None, "z": 3}, "list": [3]}) == {
        "a": {"y": 2, "z": 3},
        "list": [3],
    }
    assert target == {"a": {"x": 1, "y": 2}, "list": [1, 2]}
