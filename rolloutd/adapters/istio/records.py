"""Which runs VirtualServices tell of, whether or not a plan still names them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.istio.fields import metadata, text
from rolloutd.core.machine import ACTIVE
from rolloutd.core.plan import Key, Plan
from rolloutd.core.record_text import from_text
from rolloutd.core.state import Phase, Record
from rolloutd.core.stray import Stray, meet
from rolloutd.errors import Refused
from rolloutd.ports import Json


class RecordIndex:
    """Implements ``ports.Estate`` by following VirtualServices: ``changed`` is an ``OnChange``.

    What another installation wrote is not ours to touch, nor a copy of a VirtualService that
    took our annotations along, nor what was written before owners were.

    Args:
        installation: Who we are, the same for all replicas.
        is_ours: Which runs fall to us, where replicas share them out.
    """

    def __init__(
        self, installation: str, is_ours: Callable[[Key], bool] = lambda _: True
    ) -> None:
        self._installation = installation
        self._is_ours = is_ours
        self._held: dict[tuple[str, str], tuple[Sequence[str], Json]] = {}

    def changed(self, change: str, obj: Json) -> None:
        """Take a change of a VirtualService."""
        meta = metadata(obj)
        place = text(meta.get("namespace")), text(meta.get("name"))
        self._held.pop(place, None)
        plans = () if change == "DELETED" else ours.owned(obj, self._installation)
        if plans:
            self._held[place] = plans, obj

    def strays(self, plans: Collection[Plan]) -> Sequence[Stray]:
        """Return our runs under way whose records lie where none of these plans looks."""
        named = {
            (plan.key.namespace, plan.virtual_services[0].virtual_service, plan.key.name)
            for plan in plans
        }
        return [
            stray
            for (namespace, name), (owned, obj) in self._held.items()
            for plan in owned
            if (namespace, name, plan) not in named and self._is_ours(Key(namespace, plan))
            if (stray := _stray(obj, Key(namespace, plan), name)) is not None
        ]


def _stray(obj: Json, key: Key, name: str) -> Stray | None:
    """Return a run that is under way here, unless it is a copy or another's by now."""
    record = _read(ours.record(obj, key.name))
    if record is None or record.phase not in ACTIVE or not record.routes:
        return None
    if record.routes[0].virtual_service != name or _is_overruled(record, obj):
        return None
    return Stray(key=key, record=record)


def _is_overruled(record: Record, obj: Json) -> bool:
    """Say whether a later run holds these routes: then the weights are that one's."""
    return any(
        other.since > record.since
        and other.phase in ACTIVE | {Phase.PROMOTED}
        and (not other.routes or meet(other.routes, record.routes))
        for other in _records(obj)
    )


def _records(obj: Json) -> Iterator[Record]:
    for written in ours.records(obj):
        record = _read(written)
        if record is not None:
            yield record


def _read(written: str | None) -> Record | None:
    try:
        return None if written is None else from_text(written)
    except Refused:
        # Somebody edited it: not knowing what it was, we leave it as it is.
        return None
