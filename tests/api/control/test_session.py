"""Logging in from a page."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from rolloutd.api.control.access import Access
from rolloutd.api.control.sessions import LARGEST
from rolloutd.api.control.tokens import TokenFile
from rolloutd.core.state import Phase
from tests.api.control.office import SHOP, Answer, Office, checkout
from tests.api.control.test_door import OPERATOR, TOKENS, VIEWER, NobodyToAsk, bearer

SESSION = "/api/v1/session"
CSRF = {"X-Rolloutd": "1"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.yaml"
    path.write_text(TOKENS)
    return path


@pytest.fixture
def tokens(file: Path) -> Access:
    return TokenFile(file)


def revoke_all(file: Path) -> None:
    file.write_text("{}")


async def login(office: Office, token: str = OPERATOR, **headers: str) -> Answer:
    return await office.ask("POST", SESSION, {"token": token}, headers=headers)


def cookie_of(answer: Answer) -> SimpleCookie:
    cookies = SimpleCookie()
    for line in answer.headers.getall("Set-Cookie"):
        cookies.load(line)
    return cookies


async def test_a_login_gives_a_cookie_that_no_script_reads(tokens: Access) -> None:
    """Nor any other site's request carries."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await login(office)

    assert answer.status == 200
    assert answer.json["user"] == "ana"
    cookie = cookie_of(answer)["rolloutd"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert (cookie["path"], cookie["max-age"], cookie["domain"]) == ("/", "43200", "")
    assert OPERATOR not in answer.text


async def test_behind_tls_the_cookie_is_bound_to_it(tokens: Access) -> None:
    """Also where a proxy ends the TLS: the page's own origin tells."""
    async with Office(access=tokens).open(checkout()) as office:
        host = office.url.removeprefix("http://")
        answer = await login(office, Origin=f"https://{host}")

    cookie = cookie_of(answer)["__Host-rolloutd"]
    assert cookie["secure"] is True


async def test_the_cookie_opens_the_door(tokens: Access) -> None:
    """For looking and, with the header that only our page sends, for orders."""
    async with Office(access=tokens).open(checkout()) as office:
        await login(office)
        seen = await office.get(SHOP)
        forged = await office.order("pause")
        meant = await office.ask("POST", f"{SHOP}/pause", headers=CSRF)

    assert seen.status == 200
    assert (forged.status, forged.kind) == (403, "no-csrf-header")
    assert meant.status == 200
    assert office.record().phase is Phase.PAUSED


async def test_a_session_says_what_its_owner_may_do(tokens: Access) -> None:
    """So that a page can disable what would be refused."""
    async with Office(access=tokens).open(checkout()) as office:
        operator = await office.get(SESSION, Authorization=bearer(OPERATOR))
        await login(office, VIEWER)
        viewer = await office.get(SESSION)

    assert (operator.json["role"], operator.json["canLogOut"]) == ("operator", False)
    assert "rollback" in str(operator.json["verbs"])
    assert viewer.json == {"user": "vic", "role": "viewer", "verbs": [], "canLogOut": True}


async def test_logging_out_takes_the_cookie_back(tokens: Access) -> None:
    """The next one at this desk is nobody."""
    async with Office(access=tokens).open(checkout()) as office:
        await login(office)
        answer = await office.ask("DELETE", SESSION, headers=CSRF)
        seen = await office.get(SHOP)

    assert answer.status == 204
    assert seen.status == 401


async def test_a_session_ends_with_its_token(tokens: Access, file: Path) -> None:
    """Revoked in the file, over everywhere."""
    async with Office(access=tokens).open(checkout()) as office:
        await login(office)
        revoke_all(file)
        answer = await office.get(SHOP)

    assert answer.status == 401


async def test_a_session_outlives_the_process(tokens: Access) -> None:
    """And is known to every replica: nothing is kept but in the browser."""
    async with Office(access=tokens).open(checkout()) as before:
        value = cookie_of(await login(before))["rolloutd"].value
    async with Office(access=tokens).open(checkout()) as after:
        answer = await after.get(SHOP, Cookie=f"rolloutd={value}")

    assert answer.status == 200


async def test_a_wrong_token_is_no_login(tokens: Access) -> None:
    """And leaves no cookie."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await login(office, "wrong-token-0123456789")

    assert (answer.status, answer.kind) == (401, "unknown-caller")
    assert "Set-Cookie" not in answer.headers


async def test_a_login_of_another_sites_page_is_refused(tokens: Access) -> None:
    """It would make its visitor act under somebody else's name."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await login(office, Origin="https://evil.example")

    assert (answer.status, answer.kind) == (403, "cross-site")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": ""},
        {"token": "  "},
        {"token": 7},
        {"token": "x" * (LARGEST + 1)},
        {"t": 1},
    ],
    ids=["none", "empty", "blank", "number", "large", "other"],
)
async def test_a_login_of_the_wrong_shape_is_told_so(
    tokens: Access, body: dict[str, object]
) -> None:
    """Without a word of what was sent."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await office.ask("POST", SESSION, body)

    assert (answer.status, answer.kind) == (400, "bad-request")
    assert "xxxx" not in answer.text


@pytest.mark.parametrize("value", ["%%%", "bm90LWEtdG9rZW4", "_w", "a"])
async def test_a_made_up_cookie_opens_nothing(tokens: Access, value: str) -> None:
    """Whatever it decodes to, if it does."""
    async with Office(access=tokens).open(checkout()) as office:
        answer = await office.get(SHOP, Cookie=f"rolloutd={value}")

    assert answer.status == 401


async def test_where_no_tokens_are_taken_there_is_no_login() -> None:
    """On loopback everybody is in already."""
    async with Office().open(checkout()) as office:
        answer = await login(office)
        told = await office.get(SESSION)

    assert answer.status == 400
    assert told.json["user"] == "local"
    assert told.json["canLogOut"] is False


async def test_while_nobody_can_tell_whose_a_token_is_there_is_no_login() -> None:
    """Which is not the same as a wrong token: a page asks again later."""
    async with Office(access=NobodyToAsk()).open(checkout()) as office:
        answer = await login(office)

    assert (answer.status, answer.kind) == (503, "unavailable")
    assert "Set-Cookie" not in answer.headers
