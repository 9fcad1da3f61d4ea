"""What the engine and the adapters need from the world, and nothing about how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from rolloutd.core.actions import Announce
from rolloutd.core.deeds import Deed, Run
from rolloutd.core.observation import History, MeshSighting, Reading, Unread, WorkloadSeen
from rolloutd.core.plan import Key, Plan, StartCron
from rolloutd.core.state import Record
from rolloutd.core.stray import Stray
from rolloutd.core.target import Pod, Target
from rolloutd.core.units import Instant, Percent, Seconds

Json: TypeAlias = dict[str, object]
"""A JSON object as parsed: values are checked where they are used."""


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> Instant:
        """Return the present instant; never jumps and never goes back while we run."""
        ...

    def wall(self) -> Instant:
        """Return what the wall clock says, which may have been set; for calendars only."""
        ...

    async def sleep(self, duration: Seconds) -> None:
        """Return after ``duration``, measured as ``now`` measures."""
        ...


class Meter(Protocol):
    """Counts requests."""

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Read all targets at once, one answer each; trouble is an ``Unread``, never raised.

        Returns within a deadline of its own, shorter than any sampling interval in use.
        """
        ...

    def forget(self, keys: Collection[Key]) -> None:
        """Drop what is remembered of these targets."""
        ...


class Queries(Protocol):
    """Answers the users' own queries."""

    async def values(
        self, targets: Sequence[Target]
    ) -> Mapping[Key, Mapping[str, tuple[float | None, float | None]]]:
        """Return (canary, stable) by gate name; an answer that does not come is ``None``."""
        ...


class Hindsight(Protocol):
    """Knows what was counted before we looked."""

    async def history(self, target: Target, before: Instant) -> History | None:
        """Sum up how stable behaved in the half hour before; ``None`` where nothing is known.

        Returns within a deadline of its own; trouble is ``None``, never raised.
        """
        ...


class Mesh(Protocol):
    """Moves traffic between the arms."""

    def look(self, plan: Plan) -> MeshSighting:
        """Say what the cached VirtualServices hold. No I/O."""
        ...

    def hosts(self, plan: Plan) -> tuple[str, str]:
        """Return the full host names of the stable and the canary arm.

        Raises:
            Refused: The plan's routes are not there, so nothing names a host.
        """
        ...

    async def write(self, plan: Plan, canary: Percent, record: str, *, why: str) -> None:
        """Make the canary's share exactly this and store the record with it, atomically.

        On the primary VirtualService this is one patch; other VirtualServices follow, each
        one patch, and are brought in step by the next call if one fails. Equal state writes
        nothing.

        Args:
            plan: Which VirtualServices and routes.
            canary: Share of what both arms jointly have.
            record: Text for the record annotation.
            why: For the API server's audit log and ours.

        Raises:
            Unavailable: No answer: it may or may not have happened.
            Conflict: Someone wrote since we read.
            Refused: The change was rejected.
        """
        ...

    async def note(self, plan: Plan, record: str) -> None:
        """Store the record on the primary alone; weights stay as they are.

        Raises:
            Unavailable: No answer: it may or may not have happened.
            Conflict: Someone wrote since we read.
            Refused: The change was rejected.
        """
        ...


class Estate(Protocol):
    """Knows which runs the cluster holds, whether or not a plan still names them."""

    def strays(self, plans: Collection[Plan]) -> Sequence[Stray]:
        """Return our runs under way whose records lie where none of these plans looks."""
        ...


class Workloads(Protocol):
    """Deployments and their pods, from caches."""

    def deployment(self, namespace: str, name: str) -> WorkloadSeen | None:
        """Say how a Deployment is; ``None`` when it is not there."""
        ...

    def pods(self, namespace: str, deployment: str) -> tuple[Pod, ...]:
        """List its running pods, by name."""
        ...

    async def scale_to_zero(self, namespace: str, deployment: str, version: int) -> None:
        """Take a Deployment's replicas to 0 if it is still of this version. Safe to repeat.

        Raises:
            Unavailable: No answer, it may or may not have happened; or it has changed since.
            Refused: The change was rejected.
        """
        ...


class Herald(Protocol):
    """Tells people."""

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Take a message for delivery and return at once; never raises."""
        ...


class Scribe(Protocol):
    """Keeps what was done, for those who ask tomorrow."""

    def note(self, plan: Plan, deed: Deed) -> None:
        """Take a deed to keep and return at once; never raises."""
        ...


class Archive(Protocol):
    """Has the runs that are over."""

    async def runs(self, key: Key) -> Sequence[Run]:
        """Return those of one plan that are kept, newest first.

        Raises:
            Unavailable: Where they are kept does not answer.
            Refused: We may not read them.
        """
        ...


class Calendar(Protocol):
    """Wakes by the wall clock."""

    def schedule(self, key: Key, start: StartCron, fire: Callable[[], None]) -> None:
        """Call ``fire`` at every firing from now on, in place of what was set for ``key``."""
        ...

    def cancel(self, key: Key) -> None:
        """Fire no more for ``key``."""
        ...


class Catalogue(Protocol):
    """All plans at one moment."""

    @property
    def plans(self) -> Mapping[Key, Plan]:
        """Plans in force: of a file that is broken, the last that were good."""
        ...

    @property
    def complaints(self) -> Sequence[str]:
        """What is wrong with which file, each a full sentence with its place."""
        ...


class PlanSource(Protocol):
    """Where plans come from."""

    def changes(self) -> AsyncIterator[Catalogue]:
        """Yield all plans at once, and again after every change."""
        ...


class KubeCache(Protocol):
    """Objects of a cluster as last seen by watches.

    Plain dicts that nobody changes: a new state of an object is another dict, so whoever holds
    the same one may keep what was read in it.
    """

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return one object; ``kind`` is e.g. ``VirtualService``."""
        ...

    def list(self, kind: str, namespace: str) -> Collection[Json]:
        """Return all objects of a kind in a namespace."""
        ...


class KubeApi(Protocol):
    """Requests to a Kubernetes API server, on plain dicts.

    ``path`` is a resource path such as
    ``/apis/networking.istio.io/v1/namespaces/shop/virtualservices/checkout``.

    Every method raises ``Unavailable`` (no usable answer within the deadline), ``Conflict``
    (409; or 422 when a ``test`` operation of a JSON patch failed) or ``Refused`` (any other
    4xx, with the server's message).
    """

    async def get(self, path: str) -> Json | None:
        """Read one object; ``None`` when it is not there (404)."""
        ...

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection; ``Conflict`` when the name is taken."""
        ...

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object; only for objects that are all ours (leases)."""
        ...

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch (RFC 6902) and return the new object."""
        ...

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch (RFC 7386) and return the new object."""
        ...

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """List a collection to its end; return the objects and the resourceVersion."""
        ...

    def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection: (type, object), bookmarks included.

        Ends when the server ends it. Besides the above it raises ``Conflict`` for
        410 Gone: the version is too old, list again.
        """
        ...


OnChange: TypeAlias = Callable[[str, Json], None]
"""Told of every change in a cache: event type (ADDED, MODIFIED, DELETED) and object."""
