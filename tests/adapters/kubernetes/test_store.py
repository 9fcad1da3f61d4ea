"""The store never goes back in time, whoever is faster: the watch or our own answers."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.store import Store
from rolloutd.adapters.kubernetes.trim import whole_object
from rolloutd.ports import Json
from tests.adapters.kubernetes.objects import service, weight
from tests.adapters.kubernetes.paces import seeded


class Diary:
    """Remembers what a store told."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def tell(self, change: str, obj: Json) -> None:
        """Write it down."""
        metadata = obj["metadata"]
        assert isinstance(metadata, dict)
        self.entries.append(f"{change} {metadata['name']}")


def opened(*objects: Json, version: str = "100") -> tuple[Store, Diary]:
    """Return a store that has just taken a list."""
    diary = Diary()
    store = Store(whole_object, diary.tell)
    store.replace(objects, version)
    diary.entries.clear()
    return store, diary


def test_a_list_tells_of_differences_alone() -> None:
    """After a relist, subscribers must wake for what changed and sleep for the rest."""
    store, diary = opened(
        service("same", version="1"),
        service("other", version="2"),
        service("gone", version="3"),
    )

    store.replace(
        [
            service("same", version="1"),
            service("other", version="101"),
            service("new", version="102"),
        ],
        "102",
    )

    assert sorted(diary.entries) == ["ADDED new", "DELETED gone", "MODIFIED other"]


def test_our_own_write_is_seen_at_once() -> None:
    """Without it, the next look would find the old weight and write again."""
    store, diary = opened(service("a", weight=0, version="90"))

    absorbed = store.absorb(service("a", weight=10, version="101"))

    assert absorbed
    assert weight(store.get("shop", "a")) == 10
    assert diary.entries == ["MODIFIED a"]


def test_an_event_from_before_our_write_does_not_undo_it() -> None:
    """The watch may deliver another's earlier write after the answer to ours."""
    store, diary = opened(service("a", weight=0, version="90"))
    store.absorb(service("a", weight=10, version="103"))
    diary.entries.clear()

    store.apply("MODIFIED", service("a", weight=5, version="102"))
    store.apply("MODIFIED", service("a", weight=10, version="103"))

    assert weight(store.get("shop", "a")) == 10
    assert diary.entries == []


def test_an_answer_does_not_bring_back_a_deleted_object() -> None:
    """Our patch succeeded, then someone deleted, and the watch told first."""
    store, _ = opened(service("a", version="90"))
    store.apply("DELETED", service("a", version="105"))

    absorbed = store.absorb(service("a", weight=10, version="104"))

    assert not absorbed
    assert store.get("shop", "a") is None


def test_an_answer_makes_good_for_an_event_that_got_lost() -> None:
    """The watch has told of later things, but not of this one.

    Every patch of the object would conflict, and what is read after the conflict must count.
    """
    store, _ = opened(service("a", weight=0, version="90"))
    store.apply("BOOKMARK", service("a", version="120"))

    absorbed = store.absorb(service("a", weight=20, version="110"))

    assert absorbed
    assert weight(store.get("shop", "a")) == 20


def test_an_older_deletion_does_not_remove_what_we_created_since() -> None:
    """Same name, another object."""
    store, _ = opened(service("a", version="90"))
    store.absorb(service("a", weight=1, version="110"))

    store.apply("DELETED", service("a", version="109"))

    assert weight(store.get("shop", "a")) == 1


def test_a_deletion_that_carries_the_last_version_counts() -> None:
    """Some servers send the object as it was, not the version of its removal."""
    store, _ = opened(service("a", version="90"))

    store.apply("DELETED", service("a", version="90"))

    assert store.get("shop", "a") is None


def test_a_list_from_before_our_write_leaves_it_alone() -> None:
    """A relist may be under way while we write."""
    store, _ = opened(service("a", weight=0, version="90"))
    store.absorb(service("a", weight=10, version="120"))

    store.replace([service("a", weight=0, version="90")], "110")

    assert weight(store.get("shop", "a")) == 10


def test_a_list_wins_after_etcd_was_restored() -> None:
    """Versions start again from below then; clinging to the larger ones would be for ever."""
    store, _ = opened(service("a", weight=50, version="90"), service("b", version="91"))

    store.replace([service("a", weight=0, version="40")], "41")

    assert weight(store.get("shop", "a")) == 0
    assert store.get("shop", "b") is None


def test_versions_that_are_not_counted_leave_the_order_to_the_watch() -> None:
    """Opaque means opaque: then an answer is not taken and every event is."""
    store, _ = opened(service("a", weight=0, version="x1"), version="x1")

    absorbed = store.absorb(service("a", weight=10, version="x3"))
    store.apply("MODIFIED", service("a", weight=5, version="x2"))

    assert not absorbed
    assert weight(store.get("shop", "a")) == 5


def test_an_object_without_a_name_is_skipped() -> None:
    """One broken object must not cost us all the others."""
    store, _ = opened()

    store.replace([{"kind": "VirtualService"}, service("a", version="101")], "101")
    store.apply("MODIFIED", {"metadata": {"resourceVersion": "102"}})

    assert len(store) == 1


def test_a_bookmark_moves_the_position() -> None:
    """An answer older than a bookmark was told of already, or deleted since."""
    store, _ = opened()
    store.apply("BOOKMARK", {"metadata": {"resourceVersion": "200"}})

    assert not store.absorb(service("a", version="150"))


@pytest.mark.parametrize("seed", range(50))
def test_whatever_overtakes_what_versions_only_rise(seed: int) -> None:
    """Answers overtake events at random; nobody may ever see an object grow younger."""
    chance = seeded(seed)
    history: list[tuple[str, Json]] = []
    alive: set[str] = set()
    for version in range(101, 161):
        name = chance.choice("abc")
        is_deletion = name in alive and chance.random() < 0.3
        change = "DELETED" if is_deletion else "MODIFIED" if name in alive else "ADDED"
        (alive.discard if is_deletion else alive.add)(name)
        history.append((change, service(name, weight=version, version=str(version))))
    store, _ = opened(version="100")

    for position, (change, obj) in enumerate(history):
        for ahead, early in history[position : position + chance.randrange(4)]:
            before = weight_of(store)
            if ahead != "DELETED":
                store.absorb(early)
            assert all(weight_of(store).get(name, 0) >= seen for name, seen in before.items())
        store.apply(change, obj)

    truth = {name: last_weight(history, name) for name in alive}
    assert weight_of(store) == truth


def weight_of(store: Store) -> dict[str, int]:
    """Return what is held, by name."""
    held: dict[str, int] = {}
    for obj in store:
        value = weight(obj)
        assert isinstance(value, int)
        held[text(obj, "metadata", "name") or ""] = value
    return held


def last_weight(history: list[tuple[str, Json]], name: str) -> object:
    """Return the weight that an object ended with."""
    return [weight(obj) for _, obj in history if text(obj, "metadata", "name") == name][-1]
