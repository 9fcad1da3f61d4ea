"""Callers known by bearer tokens from a mounted file."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import structlog
import yaml

from rolloutd.api.control.access import LONGEST_TOKEN, Caller, Deed, Knock, by_role
from rolloutd.api.control.models import Role
from rolloutd.errors import Refused

log = structlog.get_logger()

HASHED = "sha256:"
"""Begins a key of the token file that is a digest instead of the token."""

SHORTEST_TOKEN = 16
"""Characters; below that a token can be guessed over the network."""

Tokens: TypeAlias = Mapping[bytes, Caller]
"""Callers by SHA-256 of their token: the tokens themselves are not kept."""

Version: TypeAlias = tuple[int, int, int]
"""Modification time, size and inode: a mounted Secret is swapped by its inode."""


class TokenFile:
    """Implements ``Access`` by bearer tokens from a file, read again when it changes.

    The file is a YAML or JSON mapping of a token, or of ``sha256:`` and its hex digest, to
    ``{user, role}``. While the file is away nobody gets in. A broken edit leaves the tokens of
    before in force and is logged: a typing error must not lock out who wants to roll back.

    Raises:
        Refused: The file can't be read or understood at the start.
    """

    takes_tokens = True
    is_ambient = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = _version(path)
        self._tokens = read_tokens(path)

    async def identify(self, knock: Knock) -> Caller | None:
        """Name the owner of a bearer token."""
        self._refresh()
        token = knock.token
        if not token or len(token) > LONGEST_TOKEN:
            return None
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        found = None
        # All are compared, always: the time taken says nothing about any of them.
        for known, caller in self._tokens.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        """Say what the role allows."""
        return by_role(caller, deed)

    def _refresh(self) -> None:
        version = _version(self._path)
        if version == self._version:
            return
        self._version = version
        if version is None:
            self._tokens = {}
            log.error("tokens_gone", path=str(self._path))
            return
        try:
            self._tokens = read_tokens(self._path)
        except Refused as error:
            log.error("tokens_refused", error=str(error))  # noqa: TRY400 - a sentence
        else:
            log.info("tokens_read", path=str(self._path), tokens=len(self._tokens))


def _version(path: Path) -> Version | None:
    """Tell one content of a file from another."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def read_tokens(path: Path) -> Tokens:
    """Read a token file. No message quotes a token.

    Raises:
        Refused: It can't be read, or is not a mapping of tokens to ``{user, role}``.
    """
    try:
        form: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this is no UTF-8"
        raise Refused(f"{path}: {reason}") from None
    except yaml.YAMLError:
        # Not chained: the parser quotes the line, which has the token.
        raise Refused(f"{path}: this is no YAML") from None
    if not isinstance(form, dict):
        raise Refused(f"{path}: expected a mapping of tokens to {{user, role}}")
    tokens: dict[bytes, Caller] = {}
    for place, (key, owner) in enumerate(form.items(), start=1):
        tokens[_digest(key, f"{path}: entry {place}")] = _owner(owner, f"{path}: entry {place}")
    return tokens


def _digest(key: object, place: str) -> bytes:
    if not isinstance(key, str):
        raise Refused(f"{place}: a token is a string; put it in quotes")
    if not key.startswith(HASHED):
        if not SHORTEST_TOKEN <= len(key) <= LONGEST_TOKEN:
            raise Refused(
                f"{place}: a token has {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters"
            )
        return hashlib.sha256(key.encode()).digest()
    try:
        digest = bytes.fromhex(key.removeprefix(HASHED))
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise Refused(f"{place}: a SHA-256 has 64 hexadecimal digits")
    return digest


def _owner(owner: object, place: str) -> Caller:
    user, role = (
        (owner.get("user"), owner.get("role")) if isinstance(owner, dict) else (None, None)
    )
    roles = {each.value: each for each in Role}
    if not isinstance(user, str) or not user.strip() or not user.isprintable():
        raise Refused(f"{place}: user: expected a name, on one line")
    if not isinstance(role, str) or role not in roles:
        raise Refused(f"{place}: role: expected one of {', '.join(roles)}")
    return Caller(user=user.strip(), role=roles[role])
