"""Reviews by the API server, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestServer

from rolloutd.adapters.kubernetes.api import LiveApi
from rolloutd.adapters.kubernetes.reviews import KubernetesReviews
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.adapters.kubernetes.transport import Transport
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.server import ApiServer
from tests.adapters.kubernetes.paces import fake_pace
from tests.integration.kubernetes.loop_clock import LoopClock
from tests.integration.kubernetes.test_api import Tokens
from tests.sandbox.kubernetes.examples import cluster

ANA: Json = {
    "username": "system:serviceaccount:ci:deployer",
    "uid": "u-1",
    "groups": ["system:authenticated"],
    "extra": {"pod": ["deployer-1"]},
}
ROLLBACK: Json = {
    "group": "rolloutd.io",
    "resource": "rolloutplans",
    "subresource": "rollback",
    "verb": "update",
    "namespace": "shop",
    "name": "checkout",
}


class Judge:
    """Keeps what it is asked, and answers as a test says."""

    def __init__(self, status: Json) -> None:
        self.status = status
        self.asked: list[tuple[str, Json]] = []

    def __call__(self, kind: str, spec: Json) -> Json:
        self.asked.append((kind, spec))
        return self.status


@asynccontextmanager
async def reviews(
    judge: Judge, audience: str | None = None
) -> AsyncIterator[KubernetesReviews]:
    server, pace = ApiServer(cluster()), fake_pace(LoopClock())
    server.judge = judge
    settings = ClientSettings(deadline=Seconds(1.0))
    async with TestServer(server.application()) as served:
        url = str(served.make_url("")).rstrip("/")
        transport = Transport(Tokens(url), settings, pace.clock)
        try:
            yield KubernetesReviews(LiveApi(transport, settings, pace), audience)
        finally:
            await transport.close()


async def test_a_token_is_somebodys() -> None:
    """With all that the authorizer will want to know."""
    judge = Judge({"authenticated": True, "user": ANA})
    async with reviews(judge) as asked:
        found = await asked.who("a-token")

    assert found == ANA
    assert judge.asked == [("TokenReview", {"token": "a-token"})]


@pytest.mark.parametrize(
    "status",
    [
        {"authenticated": False, "error": "expired"},
        {},
        {"authenticated": "true", "user": ANA},
        {"authenticated": True},
        {"authenticated": True, "user": {"username": ""}},
        {"authenticated": True, "user": "ana"},
    ],
)
async def test_a_token_that_is_not_vouched_for_is_nobodys(status: Json) -> None:
    """Nothing but a plain yes with a name counts."""
    async with reviews(Judge(status)) as asked:
        assert await asked.who("a-token") is None


@pytest.mark.parametrize(("audiences", "known"), [(["rolloutd"], True), (["api"], False)])
async def test_a_token_may_have_to_be_meant_for_us(
    audiences: list[str], *, known: bool
) -> None:
    """An authenticator that ignores audiences says so by leaving ours out."""
    judge = Judge({"authenticated": True, "user": ANA, "audiences": audiences})
    async with reviews(judge, "rolloutd") as asked:
        found = await asked.who("a-token")

    assert (found is not None) is known
    assert judge.asked == [("TokenReview", {"token": "a-token", "audiences": ["rolloutd"]})]


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ({"allowed": True}, True),
        ({"allowed": False}, False),
        ({}, False),
        ({"denied": 1}, False),
    ],
)
async def test_a_deed_is_allowed_by_a_plain_yes(status: Json, *, allowed: bool) -> None:
    """Closed by default; asked with the user's groups, uid and extra."""
    judge = Judge(status)
    async with reviews(judge) as asked:
        answer = await asked.may(ANA, ROLLBACK)

    assert answer is allowed
    assert judge.asked == [
        (
            "SubjectAccessReview",
            {
                "user": ANA["username"],
                "uid": "u-1",
                "groups": ["system:authenticated"],
                "extra": {"pod": ["deployer-1"]},
                "resourceAttributes": ROLLBACK,
            },
        )
    ]


async def test_without_an_answer_nobody_knows() -> None:
    """Which is neither a yes nor a no, and says nothing of the token."""
    pace, settings = fake_pace(LoopClock()), ClientSettings(deadline=Seconds(0.2))
    transport = Transport(Tokens("http://127.0.0.1:9"), settings, pace.clock)
    asked = KubernetesReviews(LiveApi(transport, settings, pace))
    with pytest.raises(Unavailable) as failed:
        await asked.who("a-secret-token")
    await transport.close()

    assert "a-secret-token" not in str(failed.value)
