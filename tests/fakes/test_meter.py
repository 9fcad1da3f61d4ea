"""The fake meter reads its script and nothing else."""

from __future__ import annotations

from rolloutd.core.observation import Counts, Reading, Unread
from rolloutd.core.plan import CallerMetrics, Key, Metrics
from rolloutd.core.target import ArmTarget, Target
from rolloutd.core.units import Instant
from rolloutd.ports import Meter
from tests.fakes.meter import FakeMeter

KEY = Key("shop", "checkout")
TARGET = Target(
    key=KEY,
    stable=ArmTarget(workload="checkout", host="checkout.shop", subset="v1"),
    canary=ArmTarget(workload="checkout-v2", host="checkout.shop", subset="v2"),
    metrics=Metrics(
        source=CallerMetrics(urls=(), port=80),
        grpc_failures=frozenset({14}),
        http_failures=(500, 599),
    ),
    latency=False,
    queries=(),
)


def reading(at: float) -> Reading:
    """Make a reading that its time tells apart."""
    counts = Counts(requests=int(at), failures=0)
    return Reading(at=Instant(at), stable=counts, canary=counts, values={})


async def test_answers_come_in_the_order_of_the_script_and_the_last_one_stays() -> None:
    """Tests of the sampler tell a story turn by turn."""
    meter = FakeMeter([{KEY: reading(1.0)}])
    meter.then({KEY: reading(2.0)})
    port: Meter = meter

    answers = [(await port.read([TARGET]))[KEY] for _ in range(3)]

    assert answers == [reading(1.0), reading(2.0), reading(2.0)]
    assert meter.asked == [(KEY,)] * 3


async def test_a_target_without_an_answer_is_unread() -> None:
    """A meter owes one answer for each target, whatever happened."""
    answers = await FakeMeter().read([TARGET])

    assert isinstance(answers[KEY], Unread)


def test_what_it_was_told_to_forget_is_on_record() -> None:
    """The supervisor must let go of finished rollouts; a test wants to see it."""
    meter = FakeMeter()

    meter.forget({KEY})

    assert meter.forgotten == [KEY]
