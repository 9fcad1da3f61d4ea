"""Code of others is theirs, to the byte."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import rolloutd.api.web

HOME = Path(rolloutd.api.web.__file__).parent
VENDOR = HOME / "static" / "vendor"
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \|.*\| `(?P<digest>[0-9a-f]{64})` \|$", re.MULTILINE)


def test_every_vendored_file_is_as_published() -> None:
    """A change slipped into a minified file would be seen by nobody."""
    noted = dict(ROW.findall((HOME / "VENDORED.md").read_text()))
    found = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.suffix in {".js", ".css"}
    }

    assert noted == found


def test_every_vendored_package_brings_its_licence() -> None:
    """MIT and BSD ask for it."""
    named = set(re.findall(r"`([^`]*LICENSE)`", (HOME / "VENDORED.md").read_text()))

    assert named
    assert all((VENDOR / name).read_text().strip() for name in named)
