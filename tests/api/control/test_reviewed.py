"""Callers whom Kubernetes knows, held to its RBAC."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.api.control.access import Deed, Knock
from rolloutd.api.control.limits import FAILED_LOGINS, Limit
from rolloutd.api.control.reviewed import AT_ONCE, KEPT, ReviewedAccess
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Json
from tests.api.control.office import SHOP, Office, checkout, search
from tests.api.control.test_door import bearer
from tests.fakes.clock import FakeClock

ANAS = Knock(token="anas", peer="10.0.0.1")  # noqa: S106 - of a fake


class FakeReviewer:
    """Implements ``Reviewer``: RBAC as a set of (user, verb, resource, namespace)."""

    def __init__(self, *rules: tuple[str, str, str, str]) -> None:
        self.rules = set(rules)
        self.tokens: dict[str, str] = {"anas": "ana", "vics": "vic"}
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self.is_away = False

    async def who(self, token: str) -> Json | None:
        self.asked.append("who")
        await self._answer()
        user = self.tokens.get(token)
        return None if user is None else {"username": user, "groups": ["dev"]}

    async def may(self, user: Json, deed: Json) -> bool:
        self.asked.append("may")
        await self._answer()
        sub = deed.get("subresource")
        resource = f"{deed['resource']}/{sub}" if sub else str(deed["resource"])
        rule = (str(user["username"]), str(deed["verb"]), resource, str(deed["namespace"]))
        return deed["group"] == "rolloutd.io" and rule in self.rules

    async def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("the API server does not answer")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)  # noqa: TID251 - a loop turn, as an answer takes
        self.at_once -= 1


RULES = (
    ("ana", "get", "rolloutplans", ""),
    ("ana", "update", "rolloutplans/pause", "shop"),
    ("vic", "get", "rolloutplans", "find"),
)


class Stage:
    """Reviewed access among fakes."""

    def __init__(self, *rules: tuple[str, str, str, str]) -> None:
        self.clock = FakeClock(jumps=False)
        self.reviewer = FakeReviewer(*(rules or RULES))
        self.failures = Limit(FAILED_LOGINS, self.clock)
        self.access = ReviewedAccess(self.reviewer, self.clock, self.failures)

    async def user(self, token: str | None, peer: str = "10.0.0.1") -> str | None:
        caller = await self.access.identify(Knock(token=token, peer=peer))
        return None if caller is None else caller.user


async def test_a_verb_is_allowed_where_rbac_says_so() -> None:
    """Each by itself: the very thing that a role per tool can't do."""
    stage = Stage()
    caller = await stage.access.identify(ANAS)
    assert caller is not None

    pause = Deed(want="pause", namespace="shop", name="checkout")
    elsewhere = Deed(want="pause", namespace="find", name="search")
    rollback = Deed(want="rollback", namespace="shop", name="checkout")

    assert await stage.access.allows(caller, pause)
    assert not await stage.access.allows(caller, elsewhere)
    assert not await stage.access.allows(caller, rollback)
    assert await stage.access.allows(caller, Deed(want="get"))


async def test_a_review_holds_for_ten_seconds() -> None:
    """A page that polls must not double the load of the API server."""
    stage = Stage()
    for _ in range(20):
        caller = await stage.access.identify(ANAS)
        assert caller is not None
        await stage.access.allows(caller, Deed(want="get"))
    first = list(stage.reviewer.asked)
    await stage.clock.advance(Seconds(10.0))
    again = await stage.user("anas")

    assert first == ["who", "may"]
    assert again == "ana"
    assert stage.reviewer.asked == ["who", "may", "who"]


async def test_a_revoked_token_is_worth_nothing_ten_seconds_later() -> None:
    """That is the price of the cache, and all of it."""
    stage = Stage()
    assert await stage.user("anas") == "ana"
    del stage.reviewer.tokens["anas"]

    await stage.clock.advance(Seconds(10.0))
    assert await stage.user("anas") is None


@pytest.mark.parametrize("token", [None, "", "x" * 5000, "tökén"])
async def test_what_can_be_no_token_is_not_asked_about(token: str | None) -> None:
    """It costs the API server nothing."""
    stage = Stage()

    assert await stage.user(token) is None
    assert stage.reviewer.asked == []


async def test_after_too_many_failures_only_those_once_known_are_asked_about() -> None:
    """A flood of guesses ends here; who shares the address and was known gets in."""
    stage = Stage()
    await stage.user("anas")
    for _ in range(FAILED_LOGINS.burst):
        stage.failures.take("10.0.0.1")
    await stage.clock.advance(Seconds(1.0))
    asked = len(stage.reviewer.asked)

    assert await stage.user("vics") is None
    assert len(stage.reviewer.asked) == asked
    assert await stage.user("vics", peer="10.0.0.2") == "vic"
    await stage.clock.advance(Seconds(10.0))
    assert await stage.user("anas") == "ana"


async def test_a_flood_of_callers_is_no_flood_of_reviews() -> None:
    """Eight at a time."""
    stage = Stage()
    async with asyncio.TaskGroup() as group:
        for each in range(100):
            group.create_task(stage.user(f"token-{each}", peer=f"10.0.1.{each}"))

    assert stage.reviewer.most_at_once == AT_ONCE


async def test_the_memory_of_reviews_is_bounded() -> None:
    """However many callers there are."""
    stage = Stage()
    for each in range(KEPT + 10):
        stage.reviewer.tokens[f"token-{each}"] = f"user-{each}"
        await stage.user(f"token-{each}")

    assert len(stage.access._callers._held) == KEPT


async def test_over_http_orders_are_held_to_rbac() -> None:
    """The answer names what a Role would have to grant."""
    stage = Stage(*RULES)
    async with Office(access=stage.access).open(checkout(), search()) as office:
        pause = await office.order("pause", Authorization=bearer("anas"))
        rollback = await office.order("rollback", Authorization=bearer("anas"))

    assert pause.status == 200
    assert (rollback.status, rollback.kind) == (403, "not-allowed")
    assert "ana to update rolloutplans/rollback in shop" in str(rollback.json["detail"])
    assert office.record().phase is Phase.PAUSED
    assert office.record().transitions[-1].actor == "ana"


async def test_over_http_people_see_their_own_namespaces() -> None:
    """In the list as in each rollout."""
    stage = Stage(*RULES)
    async with Office(access=stage.access).open(checkout(), search()) as office:
        office.source.publish(checkout(), search(), complaints=("shop/b.yaml:3:1: no.",))
        await office.settle()
        all_of_it = await office.get("/api/v1/rollouts", Authorization=bearer("anas"))
        listed = await office.get("/api/v1/rollouts", Authorization=bearer("vics"))
        hers = await office.get("/api/v1/rollouts/find/search", Authorization=bearer("vics"))
        other = await office.get(SHOP, Authorization=bearer("vics"))

    items = listed.json["items"]
    assert isinstance(items, list)
    assert [item["name"] for item in items] == ["search"]
    assert listed.json["complaints"] == []
    assert all_of_it.json["complaints"] == ["shop/b.yaml:3:1: no."]
    assert hers.status == 200
    assert (other.status, other.kind) == (403, "not-allowed")
    assert "get rolloutplans in shop" in str(other.json["detail"])


async def test_a_session_tells_the_verbs_of_one_place() -> None:
    """For the buttons of one rollout's page."""
    stage = Stage(*RULES)
    async with Office(access=stage.access).open(checkout()) as office:
        shop = await office.get(
            "/api/v1/session?namespace=shop&name=checkout", Authorization=bearer("anas")
        )
        everywhere = await office.get("/api/v1/session", Authorization=bearer("anas"))

    assert (shop.json["role"], shop.json["verbs"]) == ("operator", ["pause"])
    assert (everywhere.json["role"], everywhere.json["verbs"]) == ("viewer", [])


async def test_over_http_an_api_server_that_is_away_is_said_to_be() -> None:
    """Once the cache is over, nobody can be known."""
    stage = Stage(*RULES)
    async with Office(access=stage.access, clock=stage.clock).open(checkout()) as office:
        stage.reviewer.is_away = True
        answer = await office.get(SHOP, Authorization=bearer("anas"))

    assert (answer.status, answer.kind) == (503, "unavailable")
