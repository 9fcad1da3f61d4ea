"""Several files together: who has what, and who must stand back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.adapters.plans.catalogue import NOTHING, Catalogue, merge
from rolloutd.adapters.plans.reading import Reading, read
from rolloutd.core.plan import Key
from tests.adapters.plans.forms import PLAN, changed

BROKEN = "spec: {"


def a_plan(name: str, *, service: str = "", routes: str = "", weight: int = 10) -> str:
    """Return a plan on a VirtualService of its own name, unless told otherwise."""
    reference = f"{{name: {service or name}{f', routes: [{routes}]' if routes else ''}}}"
    return changed(
        ("metadata: {name: shop}", f"metadata: {{name: {name}}}"),
        ("virtualService: {name: shop}", f"virtualService: {reference}"),
        ("weight: 10,", f"weight: {weight},"),
        text=PLAN,
    )


def files(**texts: str) -> list[Reading]:
    return [read(text.encode(), file=f"{name}.yaml") for name, text in texts.items()]


def first(**texts: str) -> Catalogue:
    return merge(NOTHING, files(**texts))


def names(catalogue: Catalogue) -> set[str]:
    return {key.name for key in catalogue.plans}


def codes(catalogue: Catalogue) -> list[tuple[str, str]]:
    return [(each.file, each.code.value) for each in catalogue.findings]


def test_a_broken_file_stops_no_other() -> None:
    """One team's typing error is not the other team's outage."""
    catalogue = first(a=a_plan("one"), b=BROKEN)

    assert names(catalogue) == {"one"}
    assert [complaint.split(":")[0] for complaint in catalogue.complaints] == ["b.yaml"]


def test_a_file_that_breaks_keeps_its_last_good_plans() -> None:
    """An edit with a mistake in it must not change a running rollout, let alone end it."""
    good = first(a=a_plan("one"))

    catalogue = merge(good, files(a=BROKEN))

    assert catalogue.plans == good.plans
    assert catalogue.broken == {Key("default", "one")}
    assert catalogue.complaints


def test_a_file_stays_in_force_however_long_it_is_broken() -> None:
    """The last good plans are carried on from catalogue to catalogue."""
    good = first(a=a_plan("one"))

    still = merge(merge(good, files(a=BROKEN)), files(a="", b=a_plan("two")))

    assert names(still) == {"one", "two"}


def test_a_file_that_is_mended_is_taken() -> None:
    """With what it says then."""
    broken = merge(first(a=a_plan("one")), files(a=BROKEN))

    catalogue = merge(broken, files(a=a_plan("one", weight=20)))

    assert catalogue.broken == frozenset()
    assert (
        catalogue.plans[Key("default", "one")].digest
        != first(a=a_plan("one")).plans[Key("default", "one")].digest
    )


def test_a_file_that_is_gone_takes_its_plans_with_it() -> None:
    """That is how a plan is removed, and it differs from a broken file."""
    catalogue = merge(first(a=a_plan("one"), b=a_plan("two")), files(b=a_plan("two")))

    assert names(catalogue) == {"two"}
    assert catalogue.broken == frozenset()
    assert catalogue.complaints == ()


def test_a_file_is_taken_whole_or_not_at_all() -> None:
    """Half an edit was never meant by anyone."""
    good = first(a=f"{a_plan('one')}---\n{a_plan('two')}")
    half = f"{a_plan('one', weight=20)}---\n{a_plan('two').replace('hold', 'hodl')}"

    catalogue = merge(good, files(a=half))

    assert catalogue.plans == good.plans


def test_a_file_that_moves_keeps_its_rollout() -> None:
    """A renamed file is the same plan in another place."""
    catalogue = merge(first(a=a_plan("one")), files(b=a_plan("one")))

    assert names(catalogue) == {"one"}
    assert catalogue.complaints == ()


def test_two_new_plans_of_one_name_are_both_refused() -> None:
    """Taking the first would move traffic by the spelling of a file's name."""
    catalogue = first(a=a_plan("one", service="x"), b=a_plan("one", service="w"))

    assert catalogue.plans == {}
    assert codes(catalogue) == [("a.yaml", "RD140"), ("b.yaml", "RD140")]


def test_two_plans_for_one_route_name_each_other() -> None:
    """Whoever reads one complaint knows where the other plan is."""
    catalogue = first(a=a_plan("one", service="x"), b=a_plan("two", service="x"))

    assert codes(catalogue) == [("a.yaml", "RD141"), ("b.yaml", "RD141")]
    assert "b.yaml:3" in catalogue.complaints[0]
    assert "a.yaml:3" in catalogue.complaints[1]


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [("", "", True), ("a", "", True), ("a, b", "b, c", True), ("a", "b", False)],
)
def test_no_route_names_mean_every_route(one: str, other: str, *, clash: bool) -> None:
    """Two plans may share a VirtualService if they share no route of it."""
    catalogue = first(
        a=a_plan("one", service="x", routes=one), b=a_plan("two", service="x", routes=other)
    )

    assert bool(catalogue.complaints) is clash


def test_namespaces_are_worlds_apart() -> None:
    """A VirtualService of the same name elsewhere is another one."""
    elsewhere = a_plan("one").replace("name: one}\nspec", "name: one, namespace: b}\nspec")

    catalogue = first(a=a_plan("one"), b=elsewhere)

    assert set(catalogue.plans) == {Key("default", "one"), Key("b", "one")}


@pytest.mark.parametrize("newcomer", ["a", "z"])
def test_who_had_a_route_keeps_it(newcomer: str) -> None:
    """A new file must not stop a running rollout, wherever it sorts."""
    good = first(m=a_plan("one", service="x"))

    catalogue = merge(
        good, files(m=a_plan("one", service="x"), **{newcomer: a_plan("two", service="x")})
    )

    assert catalogue.plans == good.plans
    assert codes(catalogue) == [(f"{newcomer}.yaml", "RD141")]


def test_who_had_a_route_keeps_it_while_being_edited() -> None:
    """Longer holds are no reason to lose the place."""
    good = first(m=a_plan("one", service="x"))

    catalogue = merge(
        good, files(a=a_plan("two", service="x"), m=a_plan("one", service="x", weight=20))
    )

    assert names(catalogue) == {"one"}
    assert catalogue.plans != good.plans


def test_two_plans_may_exchange_their_routes() -> None:
    """What is free after the edit may be taken by it."""
    good = first(
        a=a_plan("one", service="x", routes="r"), b=a_plan("two", service="x", routes="s")
    )

    catalogue = merge(
        good,
        files(
            a=a_plan("one", service="x", routes="s"), b=a_plan("two", service="x", routes="r")
        ),
    )

    assert catalogue.complaints == ()


def test_a_refusal_may_lead_to_another() -> None:
    """One that is sent back to its old route may find a newcomer there."""
    good = first(
        a=a_plan("one", service="x", routes="r"), b=a_plan("two", service="x", routes="s")
    )

    catalogue = merge(
        good,
        files(
            a=a_plan("one", service="x", routes="s"),
            b=a_plan("two", service="x", routes="s"),
            c=a_plan("three", service="x", routes="r"),
        ),
    )

    assert catalogue.plans == good.plans
    assert {file for file, _ in codes(catalogue)} == {"a.yaml", "c.yaml"}


def test_warnings_refuse_nothing() -> None:
    """They are told apart from complaints, so that a metric of broken files stays honest."""
    unjudged = PLAN[: PLAN.index("  gates:")]

    catalogue = first(a=unjudged)

    assert names(catalogue) == {"shop"}
    assert catalogue.complaints == ()
    assert len(catalogue.warnings) == 1


WISH = st.tuples(st.sampled_from("kl"), st.sampled_from("xw"), st.sampled_from(["", "r", "s"]))
FILE = st.one_of(st.none(), st.just(BROKEN), WISH)


def _written(wish: tuple[str, str, str] | str) -> str:
    if isinstance(wish, str):
        return wish
    name, service, routes = wish
    return a_plan(name, service=service, routes=routes)


@given(st.lists(st.lists(FILE, min_size=3, max_size=3), min_size=1, max_size=4))
def test_plans_in_force_never_contradict_each_other(
    history: list[list[tuple[str, str, str] | str | None]],
) -> None:
    """Whatever people write, no two rollouts move one route, and no edit hangs the daemon."""
    catalogue = NOTHING
    for moment in history:
        texts = {name: _written(wish) for name, wish in zip("abc", moment, strict=True) if wish}
        catalogue = merge(catalogue, files(**texts))

        located = [each for plans in catalogue.by_file.values() for each in plans]
        moved = [
            (routes.virtual_service, set(routes.routes) or {"r", "s"})
            for each in located
            for routes in each.plan.virtual_services
        ]
        assert len({each.plan.key for each in located}) == len(located)
        assert not any(
            one[0] == other[0] and one[1] & other[1]
            for one, other in itertools.combinations(moved, 2)
        )
