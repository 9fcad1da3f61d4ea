"""Versions are compared where they can be, and nowhere else."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.versions import is_newer


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        pytest.param("100", "99", True, id="by value, not by text"),
        pytest.param("99", "100", False, id="older"),
        pytest.param("99", "99", False, id="the same"),
        pytest.param("v2", "v1", False, id="not counted"),
        pytest.param("2", None, False, id="nothing to compare with"),
        pytest.param("²", "1", False, id="digits of another alphabet"),
        pytest.param("-2", "-3", False, id="signed"),
    ],
)
def test_only_counted_versions_are_newer(
    version: str, than: str | None, *, newer: bool
) -> None:
    """A guess here would put an old object over a new one."""
    assert is_newer(version, than) is newer
