"""Orders over a connection that fails."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.cli.remote.client import BETWEEN, TRIES, Client, Named, Order
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.link import Link, LostError, ProblemError, Trust
from rolloutd.cli.remote.place import Address
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, Unavailable
from tests.api.control.office import SHOP, Office, checkout
from tests.cli.remote.terminal import http, saying

CHECKOUT = Named("shop", "checkout")

NOT_LEADING = http(
    b'{"type": "urn:rolloutd:problem:not-leading", "detail": "Not me."}',
    status="503 Service Unavailable",
    kind="application/problem+json",
)


async def ordered(url: str, waits: list[Seconds]) -> Full:
    client = Client(Link(Address(url), Trust()), waits.append)
    return await asyncio.to_thread(client.order, CHECKOUT, Order(verb="skip"))


async def test_an_order_whose_answer_got_lost_is_one_order() -> None:
    """It is sent again with the same key; a second skip would go too far."""
    seen: list[str] = []
    waits: list[Seconds] = []
    async with Office().open(checkout()) as office:
        form = (await office.get(SHOP)).text
    async with saying(b"", NOT_LEADING, http(form.encode()), keys=seen) as url:
        now = await ordered(url, waits)

    assert now.name == "checkout"
    assert (len(seen), len(set(seen))) == (3, 1)
    assert waits == [BETWEEN] * 2


@pytest.mark.parametrize(("answer", "kind"), [(b"", LostError), (NOT_LEADING, ProblemError)])
async def test_an_order_is_given_up_after_some_tries(
    answer: bytes, kind: type[Exception]
) -> None:
    """A pipeline must end."""
    seen: list[str] = []
    async with saying(answer, keys=seen) as url:
        with pytest.raises(kind):
            await ordered(url, [])

    assert len(seen) == TRIES


async def test_an_order_to_nobody_is_not_sent_again() -> None:
    """Nothing went out: the person is told at once."""
    async with saying(b"") as url:
        pass
    waits: list[Seconds] = []

    with pytest.raises(Unavailable):
        await ordered(url, waits)

    assert waits == []


async def test_a_stale_step_is_told_even_when_the_present_one_is_not() -> None:
    """The first answer suffices."""
    stale = http(
        b'{"type": "urn:rolloutd:problem:stale-step", "detail": "It is at step 1 by now."}',
        status="409 Conflict",
        kind="application/problem+json",
    )
    async with saying(stale, b"") as url:
        with pytest.raises(Refused, match=r"Not done. It is at step 1 by now. `rolloutd get"):
            await ordered(url, [])


async def test_no_rollout_is_near_when_the_list_does_not_come() -> None:
    """The first answer suffices."""
    missing = http(
        b'{"type": "urn:rolloutd:problem:no-such-rollout", "detail": "There is no plan."}',
        status="404 Not Found",
        kind="application/problem+json",
    )
    async with saying(missing, b"") as url:
        with pytest.raises(Refused, match=r"There is no plan. `rolloutd get -A` lists them."):
            await ordered(url, [])


async def test_where_there_is_nothing_nothing_is_meant() -> None:
    """A fresh daemon."""
    missing = http(
        b'{"type": "urn:rolloutd:problem:no-such-rollout", "detail": "There is no plan."}',
        status="404 Not Found",
        kind="application/problem+json",
    )
    async with saying(missing, http(b'{"items": [], "complaints": []}')) as url:
        with pytest.raises(Refused, match="There are no rollouts"):
            await ordered(url, [])


async def test_the_curves_of_a_run_are_asked_for() -> None:
    """Those of the gates that have spoken."""
    async with Office().open(checkout()) as office:
        await office.settle(Seconds(30.0))
        client = Client(Link(Address(office.url), Trust()), lambda _: None)
        trends = await asyncio.to_thread(client.trends, CHECKOUT, 1)

    assert trends.run == 1
    assert len(trends.gates["success-rate"].canary) >= 5
