"""Whatever a VirtualService looks like, a patch moves two weights and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rolloutd.adapters.istio.annotations import DOMAIN
from rolloutd.adapters.istio.patch import Notes, Order, operations
from rolloutd.adapters.istio.routes import Route, Routing, find
from rolloutd.adapters.istio.weights import Split, divide, ordered, share
from rolloutd.adapters.istio.written import Kind
from rolloutd.core.units import Percent
from rolloutd.ports import Json
from tests.adapters.istio import json_patch
from tests.adapters.istio.examples import PLAN, Written, to

TRIALS = settings(max_examples=150, derandomize=True, deadline=None)

PERCENTS = st.integers(0, 100).map(Percent)
WEIGHTS = st.none() | st.integers(0, 300)
EXTRAS: st.SearchStrategy[Json] = st.sampled_from(
    [
        {},
        {"timeout": "3s", "retries": {"attempts": 3, "retryOn": "5xx"}},
        {"match": [{"uri": {"prefix": "/a/b~c"}}], "mirror": to("v4")["destination"]},
        {"name": "main", "unknown": {"": [None, 1.5, "\u00e9"]}},
    ]
)
THIRD_PARTIES = st.builds(
    lambda subset, weight, extras: {**to(subset, weight, host="other"), **extras},
    st.sampled_from([None, "v1", "v4"]),
    WEIGHTS,
    EXTRAS,
)


@st.composite
def routes(draw: st.DrawFn, arms: tuple[str, ...]) -> Json:
    """Draw a route that sends to these arms, in any order, among up to two others."""
    destinations = draw(st.lists(THIRD_PARTIES, max_size=2))
    for arm in arms:
        destinations.insert(draw(st.integers(0, len(destinations))), to(arm, draw(WEIGHTS)))
    return {**draw(EXTRAS), "route": destinations}


@st.composite
def virtual_services(draw: st.DrawFn) -> Json:
    """Draw a VirtualService that the plan fits, whether or not the canary is there yet."""
    known = draw(st.booleans())
    main = routes(("v3", "v4") if known else ("v3",))
    minor = routes(("v3",)) | routes(()) | (routes(("v4",)) if known else routes(()))
    written = Written(
        http=[draw(main), *draw(st.lists(minor, max_size=1))],
        tls=draw(st.lists(minor, max_size=1)),
        tcp=draw(st.lists(main, max_size=1)),
        annotations=draw(
            st.sampled_from([None, {"team": "shop/checkout"}, {f"{DOMAIN}/epoch": "1"}])
        ),
    ).object()
    assume(isinstance(find(written, PLAN, (), domain="cluster.local"), Routing))
    return written


NOTES = st.builds(
    Notes,
    lasting=st.dictionaries(st.sampled_from([f"{DOMAIN}/a", f"{DOMAIN}/b"]), st.text()),
    passing=st.dictionaries(st.just(f"{DOMAIN}/why"), st.text()),
)


def fit(written: Json) -> Routing:
    """Return the plan's routes."""
    routing = find(written, PLAN, (), domain="cluster.local")
    assert isinstance(routing, Routing)
    return routing


def moved(written: Json, canary: Percent, notes: Notes) -> Json:
    """Return the object after its patch."""
    order = Order(routing=fit(written), canary=canary)
    return json_patch.apply(written, operations(written, order, notes, epoch=2))


def in_force(route: Route) -> tuple[Fraction, Fraction]:
    """Return the shares of the two arms in all of a route's traffic."""
    split = route.split
    total = split.joint + split.others
    return Fraction(split.stable, total or 1), Fraction(split.canary, total or 1)


def without_ours(written: Json, added: Mapping[tuple[Kind, int], int]) -> object:
    """Return what must stay: no arm's weight, no annotation of ours, no added canary."""
    rest = copy.deepcopy(written)
    meta, spec = rest["metadata"], rest["spec"]
    assert isinstance(meta, dict)
    assert isinstance(spec, dict)
    kept = {k: v for k, v in meta.pop("annotations", {}).items() if not k.startswith(DOMAIN)}
    for route in fit(written).routes:
        listed = spec[route.kind][route.index]["route"]
        for arm in (route.stable, route.canary):
            if arm is not None:
                listed[arm.index].pop("weight", None)
        place = added.get((route.kind, route.index))
        if place is not None:
            listed.pop(place)
    return rest, kept


@TRIALS
@given(virtual_services(), PERCENTS, NOTES)
def test_patched_object_holds_the_ordered_share(
    written: Json, canary: Percent, notes: Notes
) -> None:
    """What is read back is what was asked for, however weights are rounded."""
    splits = [route.split for route in fit(moved(written, canary, notes)).routes]

    assert share(splits, canary) == canary


@TRIALS
@given(virtual_services(), PERCENTS, NOTES)
def test_second_patch_is_empty(written: Json, canary: Percent, notes: Notes) -> None:
    """A decision that is restated writes nothing."""
    after = moved(written, canary, notes)
    order = Order(routing=fit(after), canary=canary)

    assert operations(after, order, notes, epoch=2) == ()


@TRIALS
@given(virtual_services(), PERCENTS, NOTES)
def test_arms_divide_exactly_what_they_had(
    written: Json, canary: Percent, notes: Notes
) -> None:
    """The share of every other destination stays, to the last digit."""
    before = fit(written).routes
    after = fit(moved(written, canary, notes)).routes

    assert [sum(in_force(route)) for route in after] == [
        sum(in_force(route)) for route in before
    ]
    assert all(min(route.split.stable, route.split.canary) >= 0 for route in after)


@TRIALS
@given(virtual_services(), PERCENTS, NOTES)
def test_everything_else_stays_byte_identical(
    written: Json, canary: Percent, notes: Notes
) -> None:
    """Retries, matches, mirrors and fields that we never heard of are not ours."""
    after = moved(written, canary, notes)
    had = {(r.kind, r.index) for r in fit(written).routes if r.canary}
    added = {
        (r.kind, r.index): r.canary.index
        for r in fit(after).routes
        if r.canary and (r.kind, r.index) not in had
    }

    assert json.dumps(without_ours(after, added)) == json.dumps(without_ours(written, {}))


@TRIALS
@given(virtual_services(), PERCENTS, PERCENTS, NOTES)
def test_way_does_not_matter(
    written: Json, first: Percent, canary: Percent, notes: Notes
) -> None:
    """Twenty steps leave no rounding error behind."""
    directly = fit(moved(written, canary, notes)).routes
    on_a_way = fit(moved(moved(written, first, notes), canary, notes)).routes

    assert [in_force(route) for route in on_a_way] == [in_force(route) for route in directly]


@TRIALS
@given(st.integers(0, 10_000), PERCENTS)
def test_division_is_nearest_and_reaches_no_end(joint: int, canary: Percent) -> None:
    """The canary is never more than one weight off, seen if ordered, and never alone."""
    part = divide(joint, canary)

    assert 0 <= part <= joint
    assert abs(Fraction(joint * canary, 100) - part) < 1
    assert canary in {0, 100} or joint < 2 or 0 < part < joint


@TRIALS
@given(st.integers(0, 10_000), PERCENTS, PERCENTS)
def test_larger_share_is_never_a_smaller_weight(joint: int, one: Percent, two: Percent) -> None:
    """A step up must not take traffic away."""
    low, high = sorted((one, two))

    assert divide(joint, low) <= divide(joint, high)


@TRIALS
@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 500), PERCENTS)
def test_sum_beside_others_is_preserved(
    stable: int, canary: int, others: int, percent: Percent
) -> None:
    """A third destination's share is its weight over the sum."""
    before = Split(stable=stable, canary=canary, others=others)
    after = ordered(before, percent)

    assert (after.joint, after.others) == (before.joint, before.others)
