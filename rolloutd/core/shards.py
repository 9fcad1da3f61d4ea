"""Which part of a fleet a rollout belongs to, where several leaders share the fleet out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from rolloutd.core.plan import Key

_WEIGHT_BYTES = 8
"""Of each weight: enough that two shards never tie."""

_REMEMBERED = 10_000
"""Namespaces: asked for with every change of an object, and there are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of the parts of a fleet.

    The unit is the namespace: plans of one namespace may meet on a VirtualService, and runs
    that are in each other's way must have one leader.

    Attributes:
        index: Counted from 0.
        of: How many there are.
    """

    index: int
    of: int

    def has(self, key: Key) -> bool:
        """Say whether a rollout belongs to it."""
        return self.has_namespace(key.namespace)

    def has_namespace(self, namespace: str) -> bool:
        """Say whether the rollouts of a namespace belong to it."""
        return shard_of(namespace, self.of) == self.index

    def lease(self, base: str) -> str:
        """Return what its Lease is called; the only shard's has no name of its own."""
        return base if self.of == 1 else f"{base}-{self.index + 1}-of-{self.of}"

    def is_of_another_layout(self, base: str, lease: str) -> bool:
        """Say whether a Lease is that of a shard where there are more of them, or fewer."""
        found = re.fullmatch(rf"{re.escape(base)}(?:-\d+-of-(?P<of>\d+))?", lease)
        return found is not None and int(found["of"] or 1) != self.of


def shards(of: int) -> tuple[Shard, ...]:
    """Return all parts of a fleet."""
    return tuple(Shard(index=index, of=of) for index in range(of))


@lru_cache(maxsize=_REMEMBERED)
def shard_of(namespace: str, of: int) -> int:
    """Return the index of the shard to which a namespace belongs: highest random weight wins.

    Every process answers alike. With one more shard, a namespace stays where it is or moves to
    the new one: there is nothing else that its weights could have changed.
    """
    return max(range(of), key=lambda index: _weight(namespace, index))


def _weight(namespace: str, index: int) -> bytes:
    said = f"{index}/{namespace}".encode()
    return hashlib.blake2b(said, digest_size=_WEIGHT_BYTES).digest()
