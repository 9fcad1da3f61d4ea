"""Conditions of routes keep their meaning."""

from __future__ import annotations

import pytest

from rolloutd.errors import Refused
from rolloutd.ports import Json
from rolloutd.sandbox.envoy.matches import matches


def test_no_condition_takes_everything() -> None:
    """The usual route has no match at all."""
    assert matches([]) == [{"prefix": "/"}]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ({"exact": "/a"}, {"path": "/a"}),
        ({"prefix": "/a"}, {"prefix": "/a"}),
        ({"regex": "/a.*"}, {"safe_regex": {"regex": "/a.*"}}),
    ],
)
def test_paths_match_as_written(uri: Json, expected: Json) -> None:
    """Envoy has other names for the same three ways."""
    assert matches([{"uri": uri}]) == [expected]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, {"present_match": True}),
        ({"exact": "yes"}, {"string_match": {"exact": "yes"}}),
        ({"prefix": "y"}, {"string_match": {"prefix": "y"}}),
        ({"regex": "y.*"}, {"string_match": {"safe_regex": {"regex": "y.*"}}}),
    ],
)
def test_headers_match_as_written(condition: Json, expected: Json) -> None:
    """A canary by header is the other common way to try a version."""
    assert matches([{"headers": {"x-beta": condition}}]) == [
        {"prefix": "/", "headers": [{"name": "x-beta", **expected}]}
    ]


def test_method_and_authority_are_headers_to_envoy() -> None:
    """HTTP/2 has them as pseudo-headers."""
    written: Json = {"method": {"exact": "POST"}, "authority": {"exact": "shop"}}

    assert matches([written]) == [
        {
            "prefix": "/",
            "headers": [
                {"name": ":method", "string_match": {"exact": "POST"}},
                {"name": ":authority", "string_match": {"exact": "shop"}},
            ],
        }
    ]


@pytest.mark.parametrize(
    "condition", [{"queryParams": {"a": {"exact": "b"}}}, {"uri": {"suffix": "/a"}}]
)
def test_a_condition_that_is_not_understood_is_refused(condition: Json) -> None:
    """Left out, it would widen the route to calls that are not meant."""
    with pytest.raises(Refused):
        matches([condition])
