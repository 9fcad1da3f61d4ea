"""Turns what an API server, or something in between, says into our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
import orjson

from rolloutd.adapters.kubernetes.fields import dig, items, text
from rolloutd.core.units import Seconds
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.ports import Json

_UNKNOWN_PATH = b"404 page not found"
"""What an API server says, in plain text, of a group, version or resource it does not serve."""


class Throttled(Unavailable):
    """The server asked us to wait.

    Attributes:
        pause: How long, as the server said.
    """

    def __init__(self, message: str, pause: Seconds) -> None:
        super().__init__(message)
        self.pause = pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end.

    Attributes:
        what: The request, for messages: ``PATCH /apis/...``.
        retry_after: The header of that name in seconds, where it is a number.
    """

    what: str
    status: int
    body: bytes
    retry_after: Seconds | None = None

    @property
    def is_success(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status <= 299


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Let no error of the network past this line.

    Raises:
        Unavailable: No connection, no answer in time, or an answer cut short.
    """
    try:
        yield
    except TimeoutError as exc:
        raise Unavailable(f"{what}: no answer in time") from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise Unavailable(f"{what}: {type(exc).__name__} {exc}".rstrip()) from exc


def parsed(answer: Answer) -> Json:
    """Return the JSON object of a successful answer.

    Raises:
        Unavailable: The body is no JSON object: empty, cut short, or a proxy's web page.
    """
    value = _loaded(answer.body)
    if value is None:
        raise Unavailable(f"{answer.what}: the answer is not a JSON object")
    return value


def is_absent(answer: Answer) -> bool:
    """Say whether the API server itself says that the object is not there.

    A 404 from a proxy that lost its backend says nothing about the object.
    """
    return answer.status == 404 and _is_status(answer)


def failure(answer: Answer, *, json_patch: bool = False) -> RolloutdError:
    """Name an unsuccessful answer for what we do next.

    Args:
        answer: Any answer but a success.
        json_patch: The request was a JSON patch.
    """
    message = f"{answer.what}: {answer.status} {_message(answer)}"
    branch = _branch(answer, json_patch=json_patch)
    if branch is Unavailable and answer.retry_after is not None:
        return Throttled(message, answer.retry_after)
    return branch(message)


def _branch(answer: Answer, *, json_patch: bool) -> type[Conflict | Refused | Unavailable]:
    match answer.status:
        case 409 | 410:
            return Conflict
        case 422 if json_patch and _is_misfit(answer):
            return Conflict
        case 404:
            is_sure = _is_status(answer) or _UNKNOWN_PATH in answer.body
            return Refused if is_sure else Unavailable
        case status if 400 <= status <= 499 and status not in {408, 429}:
            return Refused
        case _:
            return Unavailable


def _is_misfit(answer: Answer) -> bool:
    """Say whether a JSON patch did not fit the object, as when a ``test`` failed.

    API servers answer 422 with neither details nor causes then, and drop the patch library's
    words; a field that fails validation names its causes.
    """
    body = _loaded(answer.body)
    return body is not None and not items(body, "details", "causes")


def _is_status(answer: Answer) -> bool:
    return dig(_loaded(answer.body), "kind") == "Status"


def _message(answer: Answer) -> str:
    said = text(_loaded(answer.body), "message")
    return said or answer.body[:200].decode("utf-8", "replace").strip() or "without a word"


def _loaded(body: bytes) -> Json | None:
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
