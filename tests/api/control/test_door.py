"""Who gets in, and for what."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutd.api.control.access import Access, Caller, Deed, Knock
from rolloutd.api.control.limits import FAILED_LOGINS, ORDERS
from rolloutd.api.control.models import Role
from rolloutd.api.control.tokens import TokenFile
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from tests.api.control.office import SHOP, Office, checkout

OPERATOR = "operator-token-0123456789"
VIEWER = "viewer-token-0123456789"
TOKENS = f"{OPERATOR}: {{user: ana, role: operator}}\n{VIEWER}: {{user: vic, role: viewer}}\n"


@pytest.fixture
def tokens(tmp_path: Path) -> Access:
    file = tmp_path / "tokens.yaml"
    file.write_text(TOKENS)
    return TokenFile(file)


def bearer(token: str) -> str:
    return f"Bearer {token}"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/rollouts",
        "/api/v1/rollouts?namespace=shop",
        SHOP,
        "/api/v1/rollouts/shop/nothing",
        "/api/v1/events",
        "/api/v1/session",
        "/api/v1/nothing",
        "/%61pi/v1/rollouts",
    ],
)
@pytest.mark.parametrize(
    "authorization", ["", "Bearer ", "Bearer wrong-token-0123456789", "Basic YTpi", OPERATOR]
)
async def test_without_a_known_token_there_is_nothing_to_see(
    tokens: Access, path: str, authorization: str
) -> None:
    """Not even which rollouts there are, or which paths."""
    async with Office(access=tokens).open(checkout()) as office:
        headers = {"Authorization": authorization} if authorization else {}
        answer = await office.ask("GET", path, headers=headers)

    assert (answer.status, answer.kind) == (401, "unknown-caller")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_stranger_orders_nothing(tokens: Access) -> None:
    """Closed by default."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await office.order("rollback")

    assert answer.status == 401
    assert office.record().phase is Phase.PROGRESSING


async def test_a_viewer_looks_and_orders_nothing(tokens: Access) -> None:
    """A leaked viewer's token moves no traffic."""
    async with Office(access=tokens).open(checkout()) as office:
        seen = await office.get(SHOP, Authorization=bearer(VIEWER))
        answer = await office.order("rollback", Authorization=bearer(VIEWER))

    assert seen.status == 200
    assert (answer.status, answer.kind) == (403, "not-allowed")
    assert "vic is a viewer" in str(answer.json["detail"])
    assert office.record().phase is Phase.PROGRESSING


async def test_an_operators_name_goes_into_the_record(tokens: Access) -> None:
    """Tomorrow's question is who."""
    async with Office(access=tokens).open(checkout()) as office:
        await office.order("pause", Authorization=bearer(OPERATOR))

    assert office.record().transitions[-1].actor == "ana"


async def test_the_document_needs_no_login(tokens: Access) -> None:
    """It holds nothing of ours, and tools want it first."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await office.get("/openapi.json")

    assert (answer.status, answer.json["openapi"]) == (200, "3.1.0")


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_pages_of_other_sites_order_nothing(header: dict[str, str]) -> None:
    """On loopback, anybody's page in a browser can connect, too."""
    async with Office().open(checkout()) as office:
        answer = await office.ask("POST", f"{SHOP}/rollback", headers=header)

    assert (answer.status, answer.kind) == (403, "cross-site")
    assert office.record().phase is Phase.PROGRESSING


async def test_our_own_page_orders() -> None:
    """Its origin is the address that it was asked for."""
    async with Office().open(checkout()) as office:
        headers = {"Origin": office.url, "Sec-Fetch-Site": "same-origin"}
        answer = await office.ask("POST", f"{SHOP}/pause", headers=headers)

    assert answer.status == 200


async def test_a_name_that_resolves_to_loopback_does_not_make_one_local() -> None:
    """DNS rebinding: a page's own name, pointed at 127.0.0.1."""
    async with Office().open(checkout()) as office:
        answer = await office.get(SHOP, Host="evil.example:8080")

    assert answer.status == 401
    assert "127.0.0.1 or localhost" in str(answer.json["detail"])


@pytest.mark.parametrize("host", ["localhost:8080", "[::1]:8080", "127.0.0.1"])
async def test_loopback_has_several_names(host: str) -> None:
    """All of them without a name server."""
    async with Office().open(checkout()) as office:
        answer = await office.get(SHOP, Host=host)

    assert answer.status == 200


async def test_failed_logins_are_slowed_down_and_the_right_token_is_not(
    tokens: Access,
) -> None:
    """A flood from behind one ingress must not lock out who wants to roll back."""
    async with Office(access=tokens).open(checkout()) as office:
        wrong = [
            await office.get(SHOP, Authorization=bearer(f"wrong-token-{each:020}"))
            for each in range(FAILED_LOGINS.burst + 1)
        ]
        right = await office.order("rollback", Authorization=bearer(OPERATOR))
        await office.settle(Seconds(5.0))
        later = await office.get(SHOP, Authorization=bearer("wrong-token-0123456789"))

    assert {answer.status for answer in wrong[:-1]} == {401}
    assert (wrong[-1].status, wrong[-1].kind) == (429, "too-many-requests")
    assert wrong[-1].headers["Retry-After"] == "5"
    assert right.status == 200
    assert later.status == 401


async def test_orders_are_slowed_down_and_rollbacks_are_not(tokens: Access) -> None:
    """A script that has gone wild leaves the others their turn."""
    async with Office(access=tokens).open(checkout()) as office:
        answers = [
            await office.order("pause", Authorization=bearer(OPERATOR))
            for _ in range(ORDERS.burst + 1)
        ]
        rollback = await office.order("rollback", Authorization=bearer(OPERATOR))

    assert {answer.status for answer in answers[:-1]} == {200}
    assert (answers[-1].status, answers[-1].headers["Retry-After"]) == (429, "1")
    assert rollback.status == 200


class NobodyToAsk:
    """Access whose authority is away."""

    takes_tokens = True
    is_ambient = False

    async def identify(self, knock: Knock) -> Caller | None:
        del knock
        raise Unavailable("the API server does not answer")

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        del caller, deed
        raise AssertionError("nobody was identified")


async def test_while_nobody_can_tell_who_is_asking_the_door_stays_closed() -> None:
    """And says that it is not the caller's fault."""
    async with Office(access=NobodyToAsk()).open(checkout()) as office:
        answer = await office.get(SHOP, Authorization=bearer(OPERATOR))

    assert (answer.status, answer.kind) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


class Forgetful:
    """Access that knows everybody, and has nobody to ask what they may do."""

    takes_tokens = True
    is_ambient = False

    async def identify(self, knock: Knock) -> Caller | None:
        del knock
        return Caller(user="ana", role=Role.OPERATOR)

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        del caller, deed
        raise Unavailable("the API server does not answer")


@pytest.mark.parametrize("path", ["/api/v1/rollouts", SHOP, "/api/v1/session"])
async def test_while_nobody_can_tell_what_is_allowed_nothing_is(path: str) -> None:
    """Whatever is asked for."""
    async with Office(access=Forgetful()).open(checkout()) as office:
        answer = await office.get(path, Authorization=bearer(OPERATOR))

    assert (answer.status, answer.kind) == (503, "unavailable")


async def test_every_answer_is_locked_up() -> None:
    """Not kept, not framed, not sniffed, and no page made of it runs anything."""
    async with Office().open(checkout()) as office:
        answers = [await office.get(path) for path in (SHOP, "/nothing", "/openapi.json")]

    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "rolloutd"
