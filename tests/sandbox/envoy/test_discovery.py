"""A file published to Envoy is in force, refused or late, and we know which."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from rolloutd.errors import Refused, Unavailable
from rolloutd.sandbox.envoy.discovery import DiscoveryFile
from tests.fakes.clock import FakeClock

STATS = "http.outbound;.rds.routes."


class FakeEnvoy:
    """Watches one file as Envoy does, and tells stats of it.

    Attributes:
        verdict: The counter that rises with a new version; empty for none.
        looks: How many looks at the stats it takes until a new file is seen.
    """

    def __init__(self, path: Path, *, verdict: str = "update_success", looks: int = 2) -> None:
        self._path = path
        self._verdict = verdict
        self._looks = looks
        self.accepted = ["0"]

    async def stats(self, pattern: str) -> Mapping[str, str]:
        """Tell what Envoy tells of a subscription."""
        version = self._version()
        if version != self.accepted[-1] and self._verdict == "update_success":
            self._looks -= 1
            if self._looks <= 0:
                self.accepted.append(version)
        refused = version != "0" and self._verdict == "update_rejected"
        told = {
            f"{STATS}version_text": self.accepted[-1],
            f"{STATS}update_rejected": str(int(refused)),
            f"{STATS}update_failure": "0",
            f"{STATS}update_time": "1700000000000",
        }
        return {name: value for name, value in told.items() if re.search(pattern, name)}

    def _version(self) -> str:
        if not self._path.exists():
            return "0"
        version = json.loads(self._path.read_text())["version_info"]
        assert isinstance(version, str)
        return version


def resources(path: Path) -> object:
    """Return what was published."""
    return json.loads(path.read_text())["resources"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the routes are."""
    return tmp_path / "routes.json"


async def test_publishing_returns_when_envoy_has_accepted(path: Path) -> None:
    """Time to effect is measured by it."""
    envoy = FakeEnvoy(path)

    await DiscoveryFile(path, STATS, envoy, FakeClock()).publish({"name": "routes"})

    assert len(envoy.accepted) == 2
    assert resources(path) == [{"name": "routes"}]


async def test_what_is_in_force_is_not_published_again(path: Path) -> None:
    """The daemon restates its will at every tick; Envoy's log should not fill with it."""
    envoy = FakeEnvoy(path)
    file = DiscoveryFile(path, STATS, envoy, FakeClock())

    await file.publish({"name": "routes"})
    await file.publish({"name": "routes"})

    assert len(envoy.accepted) == 2


async def test_what_envoy_rejects_is_refused(path: Path) -> None:
    """Envoy keeps the old routes and says so only in a counter."""
    envoy = FakeEnvoy(path, verdict="update_rejected")

    with pytest.raises(Refused, match="rejected"):
        await DiscoveryFile(path, STATS, envoy, FakeClock()).publish({"name": "routes"})


async def test_an_envoy_that_does_not_look_is_unavailable(path: Path) -> None:
    """A wait for ever would hang the sandbox without a word."""
    file = DiscoveryFile(path, STATS, FakeEnvoy(path, verdict=""), FakeClock())

    with pytest.raises(Unavailable, match="in time"):
        await file.publish({"name": "routes"})


async def test_no_draft_is_left_behind(path: Path) -> None:
    """The file is moved into place whole, so there is never half of one."""
    await DiscoveryFile(path, STATS, FakeEnvoy(path), FakeClock()).publish({})

    assert [each.name for each in path.parent.iterdir()] == ["routes.json"]
