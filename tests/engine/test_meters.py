"""Each target goes to the meter that knows its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rolloutd.core.observation import Counts, Reading, Unread
from rolloutd.core.plan import (
    CallerMetrics,
    IstioMetrics,
    Judgement,
    Key,
    Metrics,
    MetricsSource,
    Promql,
    Reporter,
)
from rolloutd.core.target import ArmTarget, Target
from rolloutd.engine.meters import Meters
from tests.builders import at
from tests.engine.test_sampling import CountingMeter

QUERY = Promql(
    name="saturation",
    query="up",
    stable_query=None,
    minimum=None,
    maximum=1.0,
    max_ratio=None,
    consecutive=1,
    judgement=Judgement.THRESHOLD,
)
CALLERS = CallerMetrics(urls=("http://127.0.0.1:15090/stats",), port=9090)
ISTIO = IstioMetrics(reporter=Reporter.SOURCE)


def target(name: str, source: MetricsSource, *queries: Promql) -> Target:
    arm = ArmTarget(workload="w", host="h", subset="s")
    metrics = Metrics(source=source, grpc_failures=frozenset(), http_failures=(500, 599))
    return Target(
        key=Key("default", name),
        stable=arm,
        canary=arm,
        metrics=metrics,
        latency=False,
        queries=queries,
    )


class ReadingMeter(CountingMeter):
    """Answers with empty counts."""

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Count and answer."""
        await super().read(targets)
        zero = Counts(requests=0, failures=0)
        reading = Reading(at=at(0), stable=zero, canary=zero, values={})
        return {each.key: reading for each in targets}


class SayingQueries:
    """Answers every query with 0.5 and 0.25."""

    async def values(
        self, targets: Sequence[Target]
    ) -> Mapping[Key, Mapping[str, tuple[float | None, float | None]]]:
        """Answer."""
        return {t.key: {gate.name: (0.5, 0.25) for gate in t.queries} for t in targets}


async def test_each_source_is_asked_once() -> None:
    """Envoys here, Prometheus there."""
    envoy, prometheus = ReadingMeter(), ReadingMeter()
    meters = Meters({CallerMetrics: envoy, IstioMetrics: prometheus})

    await meters.read([target("a", CALLERS), target("b", ISTIO), target("c", CALLERS)])

    assert envoy.asked == [[Key("default", "a"), Key("default", "c")]]
    assert prometheus.asked == [[Key("default", "b")]]


async def test_a_source_that_nobody_knows_is_blind_with_the_remedy() -> None:
    """Started without --prometheus."""
    answers = await Meters({}).read([target("a", ISTIO)])

    answer = answers[Key("default", "a")]
    assert isinstance(answer, Unread)
    assert "--prometheus" in answer.reason


async def test_queries_of_a_target_that_envoy_counts_go_to_prometheus() -> None:
    """Envoys do not speak PromQL."""
    meters = Meters({CallerMetrics: ReadingMeter()}, SayingQueries())

    answers = await meters.read([target("a", CALLERS, QUERY)])

    answer = answers[Key("default", "a")]
    assert isinstance(answer, Reading)
    assert answer.values == {"saturation": (0.5, 0.25)}


async def test_queries_without_prometheus_stay_unanswered() -> None:
    """Their gate is blind, and says so; the others still judge."""
    meters = Meters({CallerMetrics: ReadingMeter()})

    answers = await meters.read([target("a", CALLERS, QUERY)])

    answer = answers[Key("default", "a")]
    assert isinstance(answer, Reading)
    assert answer.values == {"saturation": (None, None)}


async def test_an_answer_that_is_none_stays_none() -> None:
    """Values do not turn blindness into sight."""
    meters = Meters({CallerMetrics: CountingMeter()}, SayingQueries())

    answers = await meters.read([target("a", CALLERS, QUERY)])

    assert isinstance(answers[Key("default", "a")], Unread)


async def test_all_meters_forget() -> None:
    """Whoever counted it."""
    envoy, prometheus = CountingMeter(), CountingMeter()

    Meters({CallerMetrics: envoy, IstioMetrics: prometheus}).forget([Key("default", "a")])

    assert envoy.forgotten == prometheus.forgotten == [Key("default", "a")]


class Prometheus(ReadingMeter, SayingQueries):
    """Counts, and answers queries."""


async def test_a_meter_that_speaks_promql_is_not_asked_twice() -> None:
    """It answers its own targets' queries with their counts."""
    prometheus = Prometheus()
    meters = Meters({IstioMetrics: prometheus}, prometheus)

    answers = await meters.read([target("a", ISTIO, QUERY)])

    answer = answers[Key("default", "a")]
    assert isinstance(answer, Reading)
    assert answer.values == {}
