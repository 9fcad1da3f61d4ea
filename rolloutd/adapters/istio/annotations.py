"""What we keep on a VirtualService besides its weights.

Two plans may move different routes of one VirtualService, so everything that belongs to a
rollout carries the plan's name in its key; what belongs to the daemon or to people does not:

=====================================  ==================================================
``rolloutd.io/record.<plan>``          the rollout's record, opaque here
``rolloutd.io/desired-weight.<plan>``  the canary's share in percent that was last ordered
``rolloutd.io/last-transition.<plan>`` why the last change was made, for people and audit
``rolloutd.io/owner.<plan>``           the installation whose plan it is, and its full name
``rolloutd.io/managed-by``             ``rolloutd``: someone else moves these weights
``rolloutd.io/epoch``                  the leadership that wrote last: fences off older ones
``rolloutd.io/pause``                  set by people: a reason to keep hands off
=====================================  ==================================================

The desired weight is not part of the record so that drift shows without knowing the record's
format. Only the primary VirtualService carries a plan's own keys; all carry the shared ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rolloutd.adapters.istio.fields import mapping, metadata, text
from rolloutd.core.units import Percent

DOMAIN = "rolloutd.io"
EPOCH = f"{DOMAIN}/epoch"
MANAGED_BY = f"{DOMAIN}/managed-by"
PAUSE = f"{DOMAIN}/pause"
OURSELVES = "rolloutd"

RECORD_LIMIT = 8192
"""Bytes of UTF-8. All annotations of an object together have 256 KiB."""

REASON_LIMIT = 256
"""Characters of a reason that are kept."""

_RECORD = f"{DOMAIN}/record."
_OWNER = f"{DOMAIN}/owner."

_NAME_LIMIT = 63
"""Kubernetes allows this many characters after the slash."""

_LONGEST_PREFIX = len("last-transition.")
_DIGEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The annotations of one plan."""

    record: str
    desired_weight: str
    last_transition: str
    owner: str


def keys(plan: str) -> Keys:
    """Return a plan's annotation keys.

    Names that do not fit are cut and end in ``_`` and a hash: plan names have no underscore,
    so a cut name is never the name of another plan.
    """
    room = _NAME_LIMIT - _LONGEST_PREFIX
    if len(plan) > room:
        digest = hashlib.sha256(plan.encode()).hexdigest()[:_DIGEST]
        plan = f"{plan[: room - _DIGEST - 1]}_{digest}"
    return Keys(
        record=f"{DOMAIN}/record.{plan}",
        desired_weight=f"{DOMAIN}/desired-weight.{plan}",
        last_transition=f"{DOMAIN}/last-transition.{plan}",
        owner=f"{_OWNER}{plan}",
    )


def stored(virtual_service: Mapping[str, object]) -> Mapping[str, object]:
    """Return an object's annotations, everyone's."""
    return mapping(metadata(virtual_service).get("annotations"))


def record(virtual_service: Mapping[str, object], plan: str) -> str | None:
    """Return the record of a plan's rollout; ``None`` when there is none."""
    found = stored(virtual_service).get(keys(plan).record)
    return found if isinstance(found, str) else None


def records(virtual_service: Mapping[str, object]) -> Iterator[str]:
    """Yield all records, whoever's plans they are of."""
    for key, value in stored(virtual_service).items():
        if key.startswith(_RECORD) and isinstance(value, str):
            yield value


def owner(installation: str, plan: str) -> str:
    """Return what says that a plan's rollout is ours; neither has a colon in it."""
    return f"{installation}:{plan}"


def owned(virtual_service: Mapping[str, object], installation: str) -> Sequence[str]:
    """Return the plans of an installation whose rollouts left a mark here, by full name."""
    marks = {
        key: text(value).partition(":")
        for key, value in stored(virtual_service).items()
        if key.startswith(_OWNER)
    }
    return tuple(
        plan
        for key, (whose, _, plan) in marks.items()
        if whose == installation and key == keys(plan).owner
    )


def ordered_share(virtual_service: Mapping[str, object], plan: str) -> Percent | None:
    """Return the share last ordered; ``None`` when there is none or it was tampered with."""
    share = _number(text(stored(virtual_service).get(keys(plan).desired_weight)))
    return Percent(share) if share is not None and share <= 100 else None


def is_ordered(virtual_service: Mapping[str, object], plan: str) -> bool:
    """Say whether any share was ordered, readable or not."""
    return keys(plan).desired_weight in stored(virtual_service)


def epoch(virtual_service: Mapping[str, object]) -> int | None:
    """Return the leadership that wrote last; ``None`` when none did or it is unreadable."""
    return _number(text(stored(virtual_service).get(EPOCH)))


def hold_off(virtual_service: Mapping[str, object]) -> str | None:
    """Return a person's reason to keep hands off; ``None`` when there is none.

    The annotation's presence counts, not its words, except for ``false``.
    """
    reason = stored(virtual_service).get(PAUSE)
    if reason is None or text(reason).strip().lower() == "false":
        return None
    return text(reason).strip() or f"{PAUSE} is set without a reason"


def _number(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() else None
