"""Every replica must share the fleet out alike, or two would drive one rollout."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.core.plan import Key
from rolloutd.core.shards import shard_of, shards

NAMESPACES = st.text(
    alphabet=st.sampled_from("abcdefghijklmnopqrstuvwxyz-0123456789"), min_size=1, max_size=63
)
COUNTS = st.integers(1, 64)


@pytest.mark.parametrize(
    ("namespace", "homes"),
    [
        ("default", (0, 1, 2, 3, 6)),
        ("shop", (0, 0, 2, 2, 6)),
        ("payments", (0, 0, 0, 0, 4)),
        ("a", (0, 0, 0, 0, 5)),
    ],
)
def test_a_namespace_has_the_same_home_in_every_process(
    namespace: str, homes: tuple[int, ...]
) -> None:
    """And in every version: during an upgrade replicas of two versions share one fleet."""
    assert tuple(shard_of(namespace, of) for of in (1, 2, 3, 4, 8)) == homes


@given(NAMESPACES, COUNTS)
def test_a_rollout_belongs_to_one_shard(namespace: str, of: int) -> None:
    """Nobody drives one that belongs to none; two would fight over one that belongs to two."""
    key = Key(namespace, "any")

    assert [shard.index for shard in shards(of) if shard.has(key)] == [shard_of(namespace, of)]


@given(NAMESPACES, COUNTS)
def test_one_more_shard_takes_namespaces_and_moves_no_others(namespace: str, of: int) -> None:
    """A larger fleet must not hand every rollout to another leader."""
    assert shard_of(namespace, of + 1) in {shard_of(namespace, of), of}


@pytest.mark.parametrize("of", [2, 4, 7])
def test_shards_are_about_equally_large(of: int) -> None:
    """A shard that has half of everything would be the process that the fleet outgrew."""
    teams = [f"team-{number}" for number in range(5000)]
    sizes = Counter(shard_of(team, of) for team in teams)
    moved = sum(shard_of(team, of) != shard_of(team, of + 1) for team in teams)

    assert len(sizes) == of
    assert max(sizes.values()) < 1.15 * 5000 / of
    assert min(sizes.values()) > 0.85 * 5000 / of
    assert 0.85 * 5000 / (of + 1) < moved < 1.15 * 5000 / (of + 1)


def test_leases_say_which_part_of_how_many_they_are() -> None:
    """Whoever looks at them sees the layout; one shard alone has the name that was given."""
    assert [shard.lease("ops/rolloutd") for shard in shards(2)] == [
        "ops/rolloutd-1-of-2",
        "ops/rolloutd-2-of-2",
    ]
    assert [shard.lease("ops/rolloutd") for shard in shards(1)] == ["ops/rolloutd"]


def test_the_leases_of_another_layout_are_known() -> None:
    """Two layouts at once would be two leaders of one rollout; other people's do not matter."""
    found = {
        name
        for shard in shards(2)
        for name in ("x", "x-1-of-2", "x-2-of-2", "x-1-of-4", "x-4-of-4", "y", "x-1-of-", "xx")
        if shard.is_of_another_layout("x", name)
    }
    (only,) = shards(1)

    assert found == {"x", "x-1-of-4", "x-4-of-4"}
    assert only.is_of_another_layout("x", "x-1-of-2")
    assert not only.is_of_another_layout("x", "x")
