"""What must hold between the parts of a plan.

The rules read the YAML tree, not the checked form, and step over whatever they don't
understand: a misspelt field elsewhere must not hide that weights fall.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic_core import PydanticCustomError

from rolloutd.adapters.plans.cron import parse_cron, restricts_both_days
from rolloutd.adapters.plans.diagnostics import Code, Finding, Span
from rolloutd.adapters.plans.quantities import parse_duration, shown
from rolloutd.adapters.plans.validation import join
from rolloutd.adapters.plans.yaml_source import Listing, Mapping, Node, Scalar

ALL = 100


@dataclass(frozen=True, slots=True)
class At:
    """A place in a document that need not be there.

    Attributes:
        node: ``None`` when nothing is there.
        key: Where the key stands, or else where the surrounding mapping begins.
    """

    node: Node | None
    path: str
    key: Span

    def __getitem__(self, name: str) -> At:
        """Return what stands under a key."""
        entry = self.node.entry(name) if isinstance(self.node, Mapping) else None
        path = join(self.path, name)
        if entry is None:
            return At(None, path, self.key)
        return At(entry.value, path, entry.span)

    @property
    def there(self) -> bool:
        """Whether anything is written."""
        return self.node is not None

    @property
    def span(self) -> Span:
        """Where to point."""
        return self.key if self.node is None else self.node.span

    @property
    def value(self) -> object:
        """The scalar, or ``None``."""
        return self.node.value if isinstance(self.node, Scalar) else None

    @property
    def items(self) -> Sequence[At]:
        """The members of a list; a single mapping counts as a list of one."""
        match self.node:
            case Listing(items=items):
                return [
                    At(item, join(self.path, index), item.span)
                    for index, item in enumerate(items)
                ]
            case Mapping():
                return [self]
            case _:
                return []


@dataclass(frozen=True, slots=True)
class Trouble:
    """A rule that is broken."""

    at: At
    code: Code
    message: str
    remedy: str


Rule: TypeAlias = Callable[[At], Iterator[Trouble]]


def check(document: Node, *, file: str) -> tuple[Finding, ...]:
    """Return every rule that a document breaks."""
    spec = At(document, "", document.span)["spec"]
    return tuple(
        Finding(
            code=trouble.code,
            file=file,
            span=trouble.at.span,
            path=trouble.at.path,
            message=trouble.message,
            remedy=trouble.remedy,
        )
        for rule in RULES
        for trouble in rule(spec)
    )


def _weights_rise(spec: At) -> Iterator[Trouble]:
    highest = 0
    for step in spec["steps"].items:
        weight = _weight(step)
        if weight is None:
            continue
        if weight < highest:
            message = f"the weight falls from {highest} to {weight}"
            instead = "weights never fall: traffic goes back by a rollback only"
            yield Trouble(step["weight"], Code.FALLING_WEIGHT, message, instead)
        highest = max(highest, weight)


def _steps_end_at_all(spec: At) -> Iterator[Trouble]:
    steps = spec["steps"].items
    if not steps:
        return
    last = steps[-1]
    weight = _weight(last)
    if last["pause"].there:
        message = "the last step is a pause, after which nothing follows"
        instead = f"end with {{weight: {ALL}}}"
        yield Trouble(last, Code.UNFINISHED, message, instead)
    elif weight is not None and weight < ALL:
        message = f"the last step leaves {ALL - weight} % of the traffic with stable"
        instead = (
            f"end with {{weight: {ALL}}}; to stay at {weight} % until a person decides, "
            "put {pause: {}} before it"
        )
        yield Trouble(last["weight"], Code.UNFINISHED, message, instead)


def _a_weight_comes_first(spec: At) -> Iterator[Trouble]:
    steps = spec["steps"].items
    if steps and steps[0]["pause"].there:
        message = "the first step is a pause, before anything has moved"
        instead = "begin with a weight; to wait before the start, write start: manual"
        yield Trouble(steps[0], Code.PAUSE_FIRST, message, instead)


def _holds_are_said(spec: At) -> Iterator[Trouble]:
    steps = spec["steps"].items
    for step, following in itertools.pairwise(steps):
        # A further key may be a misspelt hold: that is told already.
        bare = isinstance(step.node, Mapping) and len(step.node.entries) == 1
        weight = _weight(step)
        if weight is not None and bare and not following["pause"].there:
            message = f"the step at {weight} % has no hold"
            instead = "the next one follows as soon as the gates have spoken; write hold: 5m"
            yield Trouble(step["weight"], Code.NO_HOLD, message, instead)


def _arms_name_destinations(spec: At) -> Iterator[Trouble]:
    for name in ("stable", "canary"):
        arm = spec[name]
        if isinstance(arm.node, Mapping) and not (arm["subset"].there or arm["host"].there):
            message = f"{name} names neither a subset nor a host"
            instead = "give it the one by which the VirtualService tells the versions apart"
            yield Trouble(arm, Code.NO_DESTINATION, message, instead)


def _arms_differ(spec: At) -> Iterator[Trouble]:
    stable, canary = spec["stable"], spec["canary"]
    deployment, subset = canary["deployment"], canary["subset"]
    if deployment.value is not None and deployment.value == stable["deployment"].value:
        message = f"both arms are the Deployment {deployment.value}"
        instead = "name two: metrics and readiness tell the versions apart by them"
        yield Trouble(deployment, Code.ONE_DEPLOYMENT, message, instead)
    hosts = {arm["host"].value for arm in (stable, canary) if arm["host"].there}
    named = [arm for arm in (stable, canary) if arm["subset"].there or arm["host"].there]
    if len(named) == 2 and len(hosts) < 2 and subset.value == stable["subset"].value:
        at = subset if subset.there else canary["host"]
        message = f"stable and canary are the same destination, {shown(at.value)}"
        yield Trouble(at, Code.ARMS_ALIKE, message, "give them two subsets, or two hosts")


def _gates_have_limits(spec: At) -> Iterator[Trouble]:
    for gate in spec["gates"].items:
        limited = any(gate[name].there for name in ("min", "max", "vsStable"))
        needed = gate["mode"].value == "threshold" or gate["type"].value == "promql"
        if needed and not limited:
            message = "this gate has no limit, so that nothing could break it"
            bound = "max" if gate["type"].value == "latency" else "min"
            bounds = "min, max" if gate["type"].value == "promql" else bound
            yield Trouble(gate, Code.NO_LIMIT, message, f"add one of: {bounds}, vsStable")


def _gate_names_differ(spec: At) -> Iterator[Trouble]:
    seen: dict[object, Span] = {}
    for gate in spec["gates"].items:
        name = gate["name"]
        if isinstance(name.value, str) and name.value in seen:
            line = seen[name.value].line
            where = f", in line {line}" if line else ""
            message = f"another gate is called {name.value!r}{where}"
            yield Trouble(name, Code.GATE_TWICE, message, "give each gate its own name")
        seen.setdefault(name.value, name.span)


def _gates_are_enforced(spec: At) -> Iterator[Trouble]:
    gates = spec["gates"].items
    if isinstance(spec.node, Mapping) and not gates:
        message = "no gates: nothing would roll a bad canary back"
        yield Trouble(spec["gates"], Code.UNJUDGED, message, "add a gate of type successRate")
    elif gates and all(gate["mode"].value == "shadow" for gate in gates):
        message = "all gates are shadows: nothing would roll a bad canary back"
        yield Trouble(spec["gates"], Code.UNJUDGED, message, "leave mode out of one of them")


def _bounds_agree(spec: At) -> Iterator[Trouble]:
    for gate in spec["gates"].items:
        if gate["type"].value != "promql":
            continue
        low, high = _number(gate["min"]), _number(gate["max"])
        if low is not None and high is not None and low > high:
            message = f"min {low:g} lies above max {high:g}"
            yield Trouble(gate["min"], Code.CONTRADICTION, message, "exchange them")
        compared, query = gate["vsStable"], gate["stableQuery"]
        if compared.there and not query.there:
            message = "vsStable has nothing to compare with"
            yield Trouble(compared, Code.CONTRADICTION, message, "add stableQuery")
        if query.there and not compared.there:
            message = "stableQuery is asked, and its answer compared with nothing"
            yield Trouble(query, Code.UNUSED_QUERY, message, "add vsStable: {maxRatio: 1.5}")


def _window_holds_an_interval(spec: At) -> Iterator[Trouble]:
    samples = spec["samples"]
    window = samples["window"]
    interval = _seconds(samples["interval"], 5.0)
    if interval is not None and (_seconds(window, 60.0) or interval) < interval:
        at = window if window.there else samples["interval"]
        message = f"the window is shorter than the interval of {interval:g}s"
        yield Trouble(at, Code.CONTRADICTION, message, "make the window the longer one")


def _virtual_services_differ(spec: At) -> Iterator[Trouble]:
    references = spec["virtualService"].items
    for name in _repeated(reference["name"] for reference in references):
        message = f"the VirtualService {name.value} is listed twice"
        yield Trouble(name, Code.ROUTE_TWICE, message, "list its routes together")
    for reference in references:
        for route in _repeated(reference["routes"].items):
            message = f"the route {route.value} is listed twice"
            yield Trouble(route, Code.ROUTE_TWICE, message, "list it once")


def _repeated(names: Iterable[At]) -> Iterator[At]:
    """Yield names that were there before; what is no name is the form's affair."""
    seen: set[str] = set()
    for name in names:
        if isinstance(name.value, str):
            if name.value in seen:
                yield name
            seen.add(name.value)


def _cron_is_plain(spec: At) -> Iterator[Trouble]:
    cron = spec["start"]["cron"]
    try:
        both = cron.there and restricts_both_days(parse_cron(cron.value))
    except PydanticCustomError:
        return  # told with its place by the form
    if both:
        message = "both the day of the month and the weekday are given: both must match"
        instead = "cron itself fires when either matches; make one of them *"
        yield Trouble(cron, Code.BOTH_DAYS, message, instead)


def _seconds(at: At, default: float) -> float | None:
    if not at.there:
        return default
    try:
        return parse_duration(at.value)
    except PydanticCustomError:
        return None  # told with its place by the form


def _number(at: At) -> float | None:
    value = at.value
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _weight(step: At) -> int | None:
    value = step["weight"].value
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= ALL else None


RULES: tuple[Rule, ...] = (
    _weights_rise,
    _steps_end_at_all,
    _a_weight_comes_first,
    _holds_are_said,
    _arms_name_destinations,
    _arms_differ,
    _gates_have_limits,
    _gate_names_differ,
    _gates_are_enforced,
    _bounds_agree,
    _window_holds_an_interval,
    _virtual_services_differ,
    _cron_is_plain,
)
