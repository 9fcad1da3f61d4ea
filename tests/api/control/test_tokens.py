"""Tokens from a file that is followed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rolloutd.api.control.access import Knock
from rolloutd.api.control.tokens import TokenFile, read_tokens
from rolloutd.errors import Refused

MINE = "a-token-of-thirty-characters-x"
OTHER = "another-token-of-30-characters"


def owned(token: str, role: str = "operator") -> str:
    return f"'{token}': {{user: ana, role: {role}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.yaml"
    path.write_text(owned(MINE))
    return path


async def user(access: TokenFile, token: str | None) -> str | None:
    caller = await access.identify(Knock(token=token))
    return None if caller is None else caller.user


async def test_a_token_names_its_owner(file: Path) -> None:
    """And nothing that is nearly one."""
    access = TokenFile(file)

    assert await user(access, MINE) == "ana"
    assert await user(access, MINE[:-1]) is None
    assert await user(access, MINE + "x") is None
    assert await user(access, MINE + "x" * 5000) is None
    assert await user(access, "") is None
    assert await user(access, None) is None
    assert await user(access, "\udcff" * 20) is None


async def test_a_digest_stands_for_its_token(file: Path) -> None:
    """So that the file itself gives nobody access."""
    digest = hashlib.sha256(MINE.encode()).hexdigest()
    swap(file, f"'sha256:{digest}': {{user: ana, role: viewer}}\n")
    access = TokenFile(file)

    assert await user(access, MINE) == "ana"
    assert await user(access, f"sha256:{digest}") is None


async def test_an_edit_counts_from_the_next_request_on(file: Path) -> None:
    """Revoked is revoked."""
    access = TokenFile(file)
    swap(file, owned(OTHER))

    assert await user(access, MINE) is None
    assert await user(access, OTHER) == "ana"


async def test_a_broken_edit_leaves_the_tokens_of_before(file: Path) -> None:
    """A typing error must not lock out who wants to roll back."""
    access = TokenFile(file)
    swap(file, "'unfinished: [")
    with capture_logs() as logs:
        found = await user(access, MINE)

    assert found == "ana"
    assert [entry["event"] for entry in logs] == ["tokens_refused"]


async def test_without_the_file_nobody_gets_in(file: Path) -> None:
    """Taken away is taken away; put back, it counts again."""
    access = TokenFile(file)
    take_away(file)
    assert await user(access, MINE) is None

    swap(file, owned(MINE))
    assert await user(access, MINE) == "ana"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- a\n", "expected a mapping"),
        ("'x: [", "no YAML"),
        ("secret-of-16-characters: {user: ana, role: 7}", "entry 1: role"),
        ("short: {user: ana, role: operator}", "16 to 4096 characters"),
        (f"{MINE}: {{user: ana, role: admin}}", "expected one of viewer, operator"),
        (f"{MINE}: {{user: '', role: operator}}", "expected a name"),
        (f"{MINE}: ana", "expected a name"),
        (f'{MINE}: {{user: "ana\\nbo", role: operator}}', "on one line"),
        ("12345678901234567: {user: ana, role: operator}", "put it in quotes"),
        ("'sha256:beef': {user: ana, role: operator}", "64 hexadecimal"),
        ("'sha256:xyz': {user: ana, role: operator}", "64 hexadecimal"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_without_quoting_it(
    file: Path, content: str, reason: str
) -> None:
    """The message goes to a log, and the line has a token."""
    file.write_text(content)

    with pytest.raises(Refused) as refused:
        read_tokens(file)

    assert reason in str(refused.value)
    assert MINE not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
def test_a_file_that_can_not_be_read_is_refused_at_the_start(
    file: Path, content: bytes | None
) -> None:
    """Better no daemon than one that lets nobody in without saying so."""
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)

    with pytest.raises(Refused):
        TokenFile(file)


def take_away(file: Path) -> None:
    file.unlink()


def swap(file: Path, content: str) -> None:
    """Replace a file as a mounted Secret is: by another inode."""
    fresh = file.with_suffix(".new")
    fresh.write_text(content)
    fresh.replace(file)
