"""The reflector keeps equal to the cluster, without haste and without rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from structlog.testing import capture_logs

from rolloutd.adapters.kubernetes.errors import Throttled
from rolloutd.adapters.kubernetes.reflector import Reflector
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.adapters.kubernetes.store import Store
from rolloutd.adapters.kubernetes.trim import whole_object
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Conflict, Refused, Unavailable
from tests.adapters.kubernetes.objects import SERVICES, SHOP, service, weight
from tests.adapters.kubernetes.paces import fake_pace, seeded
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube


class Bench:
    """A reflector between a fake API server and a store; time stands still until advanced."""

    def __init__(self) -> None:
        self.clock = FakeClock(Instant(0.0), jumps=False)
        self.kube = FakeKube()
        self.store = Store(whole_object, lambda _change, _obj: None)
        self.reflector = Reflector(
            self.kube, SERVICES, self.store, fake_pace(self.clock), WatchSettings()
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the reflector meanwhile."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.reflector.run(), name="reflector")
            await self.pass_time(0.0)
            yield
            task.cancel()

    async def pass_time(self, duration: float) -> None:
        """Let time pass in steps that no wait of the reflector straddles."""
        await self.clock.advance(Seconds(duration))

    def weight(self, name: str) -> object:
        """Return the weight held."""
        return weight(self.store.get("shop", name))


async def test_it_lists_once_and_then_only_watches() -> None:
    """Zero reads per tick: the watch brings all changes."""
    bench = Bench()
    bench.kube.put(f"{SHOP}/a", service("a", weight=1))

    async with bench.running():
        bench.kube.put(f"{SHOP}/a", service("a", weight=2))
        bench.kube.put(f"{SHOP}/b", service("b", weight=3))
        await bench.pass_time(60.0)

    assert (bench.weight("a"), bench.weight("b")) == (2, 3)
    assert (bench.kube.count("list"), bench.kube.count("watch")) == (1, 1)


async def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    """Servers end watches every few minutes; a list each time would be a storm."""
    bench = Bench()

    async with bench.running():
        bench.kube.cut_watches()
        bench.kube.put(f"{SHOP}/a", service("a", weight=2))
        await bench.pass_time(20.0)

    assert bench.weight("a") == 2
    assert bench.kube.count("list") == 1


async def test_an_event_that_got_lost_is_made_good() -> None:
    """A proxy or a server swallowed it; the watch itself will never tell."""
    bench = Bench()
    bench.kube.put(f"{SHOP}/gone", service("gone"))

    async with bench.running():
        del bench.kube.objects[f"{SHOP}/gone"]
        await bench.pass_time(590.0)
        before = bench.store.get("shop", "gone")
        await bench.pass_time(120.0)

    assert before is not None
    assert bench.store.get("shop", "gone") is None
    assert bench.kube.count("list") == 2


async def test_a_second_list_that_fails_leaves_the_watch_alone() -> None:
    """What is followed already is followed on; the next attempt has time."""
    bench = Bench()

    async with bench.running():
        bench.kube.fail("list", Unavailable("502"))
        await bench.pass_time(720.0)
        bench.kube.put(f"{SHOP}/a", service("a", weight=2))
        await bench.pass_time(1.0)

    assert bench.weight("a") == 2
    assert bench.kube.count("list") == 2


async def test_a_forgotten_version_costs_a_new_list() -> None:
    """410 Gone: deletions in between are found by comparing."""
    bench = Bench()
    bench.kube.put(f"{SHOP}/gone", service("gone"))

    async with bench.running():
        bench.kube.remove(f"{SHOP}/gone")
        bench.kube.put(f"{SHOP}/a", service("a", weight=2))
        bench.kube.forget_history()
        await bench.pass_time(20.0)

    assert bench.weight("a") == 2
    assert bench.store.get("shop", "gone") is None
    assert bench.kube.count("list") == 2


async def test_a_silent_watch_is_given_up() -> None:
    """A connection can die without a word; nothing but a deadline of our own notices."""
    bench = Bench()
    bench.kube.hang("watch")

    async with bench.running():
        bench.kube.resume()
        bench.kube.put(f"{SHOP}/a", service("a", weight=2))
        await bench.pass_time(89.0)
        blind = bench.store.get("shop", "a")
        await bench.pass_time(20.0)

    assert blind is None
    assert bench.weight("a") == 2


async def test_a_hanging_list_is_given_up() -> None:
    """The first list decides whether we ever start."""
    bench = Bench()
    bench.kube.hang("list")

    async with bench.running():
        bench.kube.resume()
        await bench.pass_time(140.0)

        assert bench.reflector.is_synced


async def test_failures_that_answer_at_once_do_not_make_a_hot_loop() -> None:
    """A broken proxy answers in a millisecond; a thousand requests a second would follow."""
    bench = Bench()

    async with bench.running():
        bench.kube.fail("watch", *[Unavailable("502")] * 10_000)
        bench.kube.cut_watches()
        await bench.pass_time(300.0)

    assert 40 < bench.kube.count("watch") < 120


async def test_a_server_that_keeps_forgetting_does_not_make_a_hot_loop() -> None:
    """List fine, watch 410, list fine, watch 410: success of the list is no progress."""
    bench = Bench()

    async with bench.running():
        bench.kube.fail("watch", *[Conflict("410")] * 10_000)
        bench.kube.cut_watches()
        await bench.pass_time(300.0)

    assert 40 < bench.kube.count("list") < 120


async def test_a_watch_that_ends_at_once_does_not_make_a_hot_loop() -> None:
    """An empty 200 is no error, and yet no progress."""
    bench = Bench()

    async with bench.running():
        for _ in range(3000):
            bench.kube.cut_watches()
            await bench.pass_time(0.1)

    assert bench.kube.count("watch") < 120


async def test_it_recovers_within_the_cap_after_a_long_outage() -> None:
    """Doubling without end would leave us blind long after the server is back."""
    bench = Bench()

    async with bench.running():
        bench.kube.fail("watch", *[Unavailable("502")] * 10_000)
        bench.kube.cut_watches()
        await bench.pass_time(3600.0)
        bench.kube.forgive()
        bench.kube.put(f"{SHOP}/a", service("a", weight=2))
        await bench.pass_time(10.1)

    assert bench.weight("a") == 2


async def test_a_refusal_is_borne_and_tried_again() -> None:
    """RBAC may be mended while we run; a watcher that died would never know."""
    bench = Bench()
    bench.kube.fail("list", Refused("403 virtualservices is forbidden"))

    with capture_logs() as logs:
        async with bench.running():
            await bench.pass_time(10.0)

    assert bench.reflector.is_synced
    assert "forbidden" in logs[0]["reason"]


async def test_a_throttling_server_is_left_alone_as_long_as_it_asked() -> None:
    """Retry-After is the server's defence; ignoring it prolongs the overload."""
    bench = Bench()
    bench.kube.fail("list", Throttled("429", Seconds(8.0)))

    async with bench.running():
        await bench.pass_time(7.9)
        early = bench.kube.count("list")
        await bench.pass_time(0.2)

    assert early == 1
    assert bench.kube.count("list") == 2


async def test_age_is_the_time_since_the_last_word() -> None:
    """Health must show that the cache is old although it looks complete."""
    bench = Bench()

    async with bench.running():
        await bench.pass_time(30.0)
        silent = bench.reflector.age()
        bench.kube.put(f"{SHOP}/a", service("a"))
        await bench.pass_time(1.0)

        assert silent == 30.0
        assert bench.reflector.age() == 1.0


async def test_a_list_from_a_lagging_server_is_not_taken() -> None:
    """A replica behind a load balancer may be minutes behind; going back would undo truth."""
    bench = Bench()
    bench.kube.put(f"{SHOP}/a", service("a", weight=2))

    async with bench.running():
        bench.kube.rewind_lists(1)
        bench.kube.forget_history()
        await bench.pass_time(0.25)
        meanwhile = bench.store.get("shop", "a")
        await bench.pass_time(20.0)

    assert meanwhile is not None
    assert bench.weight("a") == 2


async def test_a_history_that_stays_behind_is_believed_in_the_end() -> None:
    """After etcd was restored from a backup the smaller version is the truth."""
    bench = Bench()
    bench.kube.put(f"{SHOP}/a", service("a", weight=2))

    async with bench.running():
        bench.kube.rewind_lists(100)
        bench.kube.forget_history()
        await bench.pass_time(60.0)

    assert bench.store.get("shop", "a") is None


async def test_it_converges_under_any_mix_of_faults() -> None:
    """The promise that everything above rests on: whatever happens, in the end we are equal."""
    for seed in range(20):
        bench, chance = Bench(), seeded(seed)
        faults = [
            lambda kube: kube.fail("watch", Unavailable("502")),
            lambda kube: kube.fail("list", Unavailable("reset")),
            lambda kube: kube.cut_watches(),
            lambda kube: kube.forget_history(),
            lambda kube: kube.hang("watch"),
            lambda kube: kube.resume(),
        ]
        async with bench.running():
            for turn in range(150):
                path = f"{SHOP}/v{chance.randrange(8)}"
                if path in bench.kube.objects and chance.random() < 0.3:
                    bench.kube.remove(path)
                else:
                    bench.kube.put(path, service(path.rsplit("/", 1)[1], weight=turn))
                if chance.random() < 0.3:
                    chance.choice(faults)(bench.kube)
                await bench.pass_time(chance.uniform(0.0, 3.0))
            bench.kube.forgive()
            bench.kube.resume()
            await bench.pass_time(200.0)

        truth = {str(obj["metadata"]) for obj in bench.kube.objects.values()}
        assert {str(obj["metadata"]) for obj in bench.store.list("shop")} == truth, seed
