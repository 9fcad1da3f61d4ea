"""From deeds to lines, whatever the disk does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from rolloutd.adapters.audit.chain import Head
from rolloutd.adapters.audit.file import ChainFile
from rolloutd.adapters.audit.trail import CAPACITY, AuditTrail
from rolloutd.adapters.audit.verify import Document, verify
from rolloutd.core.deeds import Ended, Run, TakenOver
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan, a_record
from tests.fakes.clock import FakeClock

PLAN = a_plan()


class HangingFile(ChainFile):
    """A file whose disk answers when it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.answers = threading.Event()
        self.is_closed = False

    def append(self, entries: Sequence[Json]) -> Head:
        """Wait, then write."""
        self.answers.wait(30)
        return super().append(entries)

    def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True
        super().close()


class Office:
    """A trail on a disk that can be taken away."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "volume" / "audit.jsonl"
        self.clock, self.metrics = FakeClock(T0), Metrics()
        self.trail = AuditTrail(ChainFile(self.path), self.clock, self.metrics, lambda _: 3)

    def mount(self) -> None:
        """Let the disk be there."""
        self.path.parent.mkdir()

    def note(self, run: int) -> None:
        """Let something be done."""
        record = a_record(PLAN, run=run)
        self.trail.note(PLAN, TakenOver(at=self.clock.now(), record=record))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Write for the length of a block, then stop as the daemon does."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.trail.run(), name="trail")
            yield
            task.cancel()
        await self.trail.drain(Seconds(5.0))

    async def written(self, kind: str, times: int = 1) -> None:
        """Wait until there are lines of a kind."""
        async with asyncio.timeout(20):
            while sum(line["kind"] == kind for line in self.lines) < times:
                await self.clock.sleep(Seconds(0.1))

    @property
    def lines(self) -> list[Json]:
        """What the file says."""
        if not self.path.exists():
            return []
        whole, _, _ = self.path.read_bytes().rpartition(b"\n")
        return [orjson.loads(line) for line in whole.splitlines()]

    @property
    def kinds(self) -> list[object]:
        return [line["kind"] for line in self.lines]

    @property
    def fault(self) -> str | None:
        document = Document(name="audit.jsonl", content=self.path.read_bytes())
        return verify([document]).fault

    @property
    def failures(self) -> float:
        value = self.metrics.registry.get_sample_value("rolloutd_audit_failures_total")
        assert value is not None
        return value


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_what_was_done_is_written_between_a_start_and_a_stop(office: Office) -> None:
    """A file that ends without a stop tells of a crash."""
    office.mount()
    async with office.open():
        office.note(1)
        await office.written("takenOver")
        office.note(2)
        await office.written("takenOver", 2)

    assert office.kinds == ["started", "takenOver", "takenOver", "stopped"]
    assert office.lines[1]["epoch"] == 3
    assert office.fault is None
    assert office.failures == 0


async def test_a_disk_that_is_away_loses_nothing_and_the_gap_is_told(office: Office) -> None:
    """The rollout goes on meanwhile; the line says since when and why nothing was written."""
    async with office.open():
        office.note(1)
        async with asyncio.timeout(20):
            while office.failures < 3:
                await office.clock.sleep(Seconds(1.0))
        office.mount()
        await office.written("gap")

    assert office.kinds == ["started", "takenOver", "gap", "stopped"]
    gap = office.lines[2]
    assert gap["lost"] == 0
    assert int(str(gap["attempts"])) >= 3
    assert "No such file" in str(gap["why"])
    assert office.fault is None


async def test_what_there_was_no_room_for_is_counted_in_the_gap(office: Office) -> None:
    """Memory is bounded; how much is missing is said."""
    for run in range(CAPACITY + 9):
        office.note(run)
    office.mount()
    async with office.open():
        await office.written("gap")

    assert office.kinds.count("takenOver") == CAPACITY - 1, "one place has the start"
    assert office.lines[CAPACITY]["lost"] == 10


@pytest.mark.parametrize(("known", "told"), [(0, [1, 2]), (-1, [2])])
async def test_what_is_lost_during_a_write_is_told_after_it(
    office: Office, known: int, told: list[int]
) -> None:
    """The gap that is being written does not know of it; without one there is one now."""
    office.mount()
    for run in range(CAPACITY + known):
        office.note(run)
    async with office.open():
        await asyncio.sleep(0)  # noqa: TID251 - a loop turn: the first write is under way
        await asyncio.sleep(0)  # noqa: TID251 - likewise
        for run in range(2):
            office.note(run)
        await office.written("gap", len(told))

    assert [line["lost"] for line in office.lines if line["kind"] == "gap"] == told
    assert office.fault is None


async def test_the_end_of_a_run_adds_no_line(office: Office) -> None:
    """Its last transition tells of it."""
    office.mount()
    run = Run(
        run=1,
        outcome=Phase.PROMOTED,
        started=T0,
        ended=T0,
        stable="v3",
        canary="v4",
        reason="Promoted.",
    )
    office.trail.note(PLAN, Ended(at=T0, run=run))

    await office.trail.drain(Seconds(5.0))

    assert office.kinds == ["started", "stopped"]


async def test_a_write_under_way_when_the_daemon_stops_is_not_repeated(office: Office) -> None:
    """Twice in an audit would be two deeds."""
    office.mount()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(office.trail.run(), name="trail")
        office.note(1)
        await asyncio.sleep(0)  # noqa: TID251 - a loop turn: the write is under way
        await asyncio.sleep(0)  # noqa: TID251 - likewise
        task.cancel()

    await office.trail.drain(Seconds(5.0))

    assert office.kinds == ["started", "takenOver", "stopped"]


async def test_a_daemon_that_stops_does_not_wait_for_a_disk(office: Office) -> None:
    """It says what was lost, and goes."""
    office.note(1)

    await office.trail.drain(Seconds(5.0))

    assert office.lines == []
    assert office.failures == 1


async def test_a_disk_that_hangs_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A network volume whose server has gone."""
    file = HangingFile(tmp_path / "audit.jsonl")
    trail = AuditTrail(file, FakeClock(T0), Metrics(), lambda _: None)

    await trail.drain(Seconds(0.05))

    assert not file.is_closed, "its thread still holds it"
    file.answers.set()
