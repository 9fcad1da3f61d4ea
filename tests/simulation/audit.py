"""What must hold at every commit, whatever the weather.

The auditor sees every write in the very moment in which it takes effect, and who made it. It
knows nothing of how the daemon decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.kubernetes.fields import dig, text
from rolloutd.core.machine import ACTIVE, ENDED, ordered
from rolloutd.core.plan import Plan, WeightStep
from rolloutd.core.record_text import from_text
from rolloutd.core.state import Cause, Phase, Record
from rolloutd.errors import Refused
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.history import Change
from rolloutd.sandbox.kubernetes.resources import DEPLOYMENT, LEASE, VIRTUAL_SERVICE
from tests.simulation.almanac import Almanac
from tests.simulation.cluster import PRIMARY, STABLE, splits, without_weights
from tests.simulation.plans import KEY, weights_of

CLOCK_SLACK = 0.01
"""Seconds by which holds may seem short: records are rounded to milliseconds."""

_ROUNDING = 0.5
"""Weights are whole numbers."""

BLINK = 60.0
"""Seconds in which a replica may not have seen yet what others wrote, in the worst weather."""


@dataclass(slots=True)
class Licence:
    """What the outside has done so far, that widens what the daemon may do.

    Attributes:
        plans: Every edition that was ever published.
        edited: Somebody edited the plan: steps may be passed over.
        hurried: A person said skip or promote.
        skew: How far the replicas' clocks differ, in seconds.
        held: A person's pause was acknowledged and nobody has asked to go on since.
        broken: Versions that must never be promoted.
    """

    plans: list[Plan] = field(default_factory=list)
    edited: bool = False
    hurried: bool = False
    skew: float = 0.0
    held: bool = False
    broken: frozenset[str] = frozenset()


class Auditor:
    """Keeps the first thing that must not happen.

    Attributes:
        violation: What it was; empty while all is well.
        writes: Commits of VirtualServices by replicas so far.
        wrote_at: When a replica last wrote anything but its lease.
        late: Commits by a leader whose successor was elected, but had not written yet.
        licence: What the outside has done.
        almanac: What clocks and calendars allow.
        lease_born: When the lease was last created.
        meddled: When others changed weights that were not put right since, by object.
    """

    def __init__(self, now: Callable[[], float], say: Callable[[str, object], None]) -> None:
        self.violation = ""
        self.writes = 0
        self.wrote_at = 0.0
        self.late = 0
        self.licence = Licence()
        self.almanac = Almanac()
        self.writer: Callable[[], str] = str
        self._now = now
        self._say = say
        self._owners: dict[int, str] = {}
        self._entered: dict[tuple[int, float], dict[int, float]] = {}
        self._lease_epoch = 0
        self.lease_born = 0.0
        self._stable: dict[str, int] = {}
        self.meddled: dict[str, float] = {}

    def object(self, why: str) -> None:
        """Note a violation; the first one counts."""
        self.violation = self.violation or why
        self._say("AUDIT", why)

    def heard(self, change: Change) -> None:
        """Look at a commit."""
        who = self.writer()
        if change.resource is LEASE:
            self._lease(change)
        elif change.resource is VIRTUAL_SERVICE:
            self._say(who or "others", _Sentence(change))
            self._note_meddling(who, change)
            if who and change.kind == "MODIFIED" and change.old is not None:
                self.writes += 1
                self.wrote_at = self._now()
                self._judge(who, change.old, change.obj)
        elif change.resource is DEPLOYMENT and who:
            self.wrote_at = self._now()
            self._say(who, "scales stable to 0")
            self._judge_scaling(who)

    def _lease(self, change: Change) -> None:
        number = dig(change.obj, "spec", "leaseTransitions")
        holder = text(change.obj, "spec", "holderIdentity") or "nobody"
        if change.kind == "ADDED":
            self.lease_born = self._now()
        if isinstance(number, int) and number != self._lease_epoch:
            self._lease_epoch = number
            self._say("lease", f"{holder} leads, epoch {number}")

    def _judge(self, who: str, old: Json, new: Json) -> None:
        if without_weights(old) != without_weights(new):
            self.object(f"{who} changed more than weights")
        self._judge_epoch(who, old, new)
        for after in splits(new):
            if sum(after.values()) != 100 or min(after.values()) < 0:
                self.object(f"{who} wrote weights that are no split of 100: {after}")
        is_told_of = text(new, "metadata", "name") == PRIMARY or ours.record(new, KEY.name)
        if is_told_of and not _is_of_another_plan(old, new):
            self._judge_record(who, old, new)

    def _judge_epoch(self, who: str, old: Json, new: Json) -> None:
        before, epoch = ours.epoch(old), ours.epoch(new)
        if epoch is None:
            self.object(f"{who} left no epoch")
            return
        owner = self._owners.setdefault(epoch, who)
        retreats = all(split.get(STABLE) == 100 for split in splits(new))
        if owner != who and not retreats:
            self.object(f"{who} wrote in epoch {epoch}, which is {owner}'s")
        if before is not None and epoch < before:
            self.object(f"{who} wrote in epoch {epoch} after epoch {before}")
        if epoch < self._lease_epoch:
            self.late += 1

    def _judge_record(self, who: str, old: Json, new: Json) -> None:
        record, before = self._read(who, new), self._known(old)
        if record is None:
            return
        self._judge_weights(who, record, old, new)
        if before is None:
            self._enter(who, record)
        else:
            self._judge_move(who, before, record)
        if record.arms.canary_subset in self.licence.broken:
            self._judge_exposure(who, record)

    def _judge_exposure(self, who: str, record: Record) -> None:
        """No gate can have passed a canary that is broken: it goes no further than it began."""
        if record.phase is Phase.PROMOTED:
            self.object(f"{who} promoted a broken canary")
        first = next(s for s in self.licence.plans[0].steps if isinstance(s, WeightStep))
        free = self.licence.edited or self.licence.hurried
        if not free and record.phase in ACTIVE and record.weight > first.weight:
            self.object(f"{who} gave {record.weight} % to a broken canary")

    def _read(self, who: str, obj: Json) -> Record | None:
        written = ours.record(obj, KEY.name)
        try:
            return from_text(written or "")
        except Refused as unreadable:
            self.object(f"{who} wrote a record that can't be read: {unreadable}")
            return None

    def _known(self, obj: Json) -> Record | None:
        try:
            return from_text(ours.record(obj, KEY.name) or "")
        except Refused:
            return None

    def _judge_weights(self, who: str, record: Record, old: Json, new: Json) -> None:
        wanted = ordered(record)
        hands_off = record.pause is not None and record.pause.hands_off
        if wanted is None or hands_off:
            if splits(old) != splits(new):
                self.object(f"{who} moved weights that are not its own: {record.phase.value}")
            return
        if wanted not in {weight for plan in self.licence.plans for weight in weights_of(plan)}:
            self.object(f"{who} ordered {wanted} %, a weight of no step")
        is_reminder = record.phase in ENDED and ours.record(old, KEY.name) is None
        if is_reminder and splits(new) == splits(old):
            # Somebody replaced the object after the end: only the record is noted again.
            return
        for split in splits(new):
            canary = split.get(record.arms.canary_subset or "", 0)
            joint = canary + split.get(STABLE, 0)
            if abs(canary - joint * wanted / 100) > _ROUNDING:
                self.object(f"{who} ordered {wanted} % and wrote {split}")

    def _judge_move(self, who: str, before: Record, record: Record) -> None:
        if (before.run, before.started) != (record.run, record.started):
            if before.phase in ACTIVE:
                self.object(f"{who} left run {before.run} behind for run {record.run}")
            self._enter(who, record)
            return
        if before.phase in ENDED and record.phase in ACTIVE:
            self.object(f"{who} went on with a run that had ended")
        self._judge_pause(who, before, record)
        if record.step != before.step:
            self._judge_step(who, before, record)
        elif record.phase in ACTIVE and record.weight != before.weight:
            if not self.licence.edited:
                self.object(f"{who} changed the weight within step {record.step}")
            # An edited plan may ask for more at the same step: a rise like any other.
            self._judge_hour(who, record)

    def _judge_pause(self, who: str, before: Record, record: Record) -> None:
        was_asked = before.pause is not None and before.pause.cause is Cause.PERSON
        goes_on = record.phase in {Phase.PROGRESSING, Phase.PROMOTED}
        if self.licence.held and was_asked and goes_on:
            self.object(f"{who} went on from a pause that a person had asked for")

    def _judge_step(self, who: str, before: Record, record: Record) -> None:
        free = self.licence.edited or self.licence.hurried
        if record.step < before.step and not self.licence.edited:
            self.object(f"{who} went back from step {before.step} to {record.step}")
        if record.step > before.step + 1 and not free:
            self.object(f"{who} skipped from step {before.step} to {record.step}")
        if record.phase in ACTIVE and record.weight < before.weight:
            self.object(f"{who} lowered the weight with a step")
        if not free and record.phase in ACTIVE | {Phase.PROMOTED}:
            self._judge_hold(who, before, record)
        self._enter(who, record)

    def _judge_hold(self, who: str, before: Record, record: Record) -> None:
        """A hold counts from decision to decision: the way to the API server is not ours."""
        entered = self._entered.get((before.run, before.started), {}).get(before.step)
        step = self.licence.plans[0].steps[before.step]
        if entered is None or not isinstance(step, WeightStep):
            return
        stayed = record.since - entered
        if stayed < step.hold - self.licence.skew - CLOCK_SLACK:
            self.object(f"{who} left step {before.step} after {stayed:.1f} s of {step.hold} s")

    def _enter(self, who: str, record: Record) -> None:
        if record.phase is Phase.WAITING:
            return
        self._judge_hour(who, record)
        steps = self._entered.setdefault((record.run, record.started), {})
        if record.step in steps and record.phase in ACTIVE and not self.licence.edited:
            self.object(f"{who} took step {record.step} of run {record.run} twice")
        steps[record.step] = record.step_since

    def _judge_hour(self, who: str, record: Record) -> None:
        """A person who hurries is not kept by the clock, and may start without cron."""
        if record.phase in ACTIVE | {Phase.PROMOTED} and not self.licence.hurried:
            why = self.almanac.objection(who, self.licence.plans[0], record)
            if why:
                self.object(why)

    def _note_meddling(self, who: str, change: Change) -> None:
        name = text(change.obj, "metadata", "name") or ""
        if change.old is None or splits(change.old) != splits(change.obj):
            if who:
                self.meddled.pop(name, None)
            else:
                self.meddled[name] = self._now()
        if change.kind != "DELETED":
            self._stable[name] = splits(change.obj)[0].get(STABLE, 0)

    def _judge_scaling(self, who: str) -> None:
        for routes in self.licence.plans[-1].virtual_services:
            name = routes.virtual_service
            foreign = self._now() - self.meddled.get(name, -BLINK) < BLINK
            if self._stable.get(name, 0) > 0 and not foreign:
                self.object(f"{who} scaled stable to 0 while {name} sends traffic to it")

    def recreated(self) -> None:
        """Somebody deleted the VirtualService, and the record with it."""
        self._entered.clear()


def _is_of_another_plan(old: Json, new: Json) -> bool:
    """Say whether a write is of a plan of another name, whose record it then changes."""
    is_same = ours.record(old, KEY.name) == ours.record(new, KEY.name)
    return is_same and list(ours.records(old)) != list(ours.records(new))


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A change, in words where somebody reads them."""

    change: Change

    def __str__(self) -> str:
        obj = self.change.obj
        name, version = (text(obj, "metadata", key) for key in ("name", "resourceVersion"))
        weights = " ".join(
            "/".join(f"{weight}" for weight in split.values()) for split in splits(obj)
        )
        epoch, written = ours.epoch(obj), ours.record(obj, KEY.name)
        return (
            f"{self.change.kind} {name} @{version} [{weights}] epoch {epoch} {_told(written)}"
        )


def _told(written: str | None) -> str:
    if written is None:
        return "no record"
    try:
        record = from_text(written)
    except Refused:
        return "unreadable record"
    return f"run {record.run} step {record.step} {record.phase.value}: {record.reason[:90]}"


def canary_share(virtual_service: Json) -> Mapping[str, int]:
    """Return the weights of the first route of the service."""
    return splits(virtual_service)[0]
