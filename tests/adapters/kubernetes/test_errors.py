"""Every answer is named for what we do next."""

from __future__ import annotations

import aiohttp
import orjson
import pytest

from rolloutd.adapters.kubernetes.errors import (
    Answer,
    Throttled,
    failure,
    is_absent,
    parsed,
    translated,
)
from rolloutd.core.units import Seconds
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.ports import Json

HTML = b"<html><h1>502 Bad Gateway</h1></html>"


def answer(status: int, body: bytes = b"", retry_after: float | None = None) -> Answer:
    """Return an answer to some request."""
    pause = None if retry_after is None else Seconds(retry_after)
    return Answer(what="GET /x", status=status, body=body, retry_after=pause)


def status(code: int, message: str = "no", **more: object) -> bytes:
    """Return a Status as API servers send it."""
    body: Json = {"kind": "Status", "code": code, "message": message, **more}
    return orjson.dumps(body)


@pytest.mark.parametrize(
    ("given", "branch"),
    [
        pytest.param(answer(409, status(409)), Conflict, id="409"),
        pytest.param(answer(410, status(410)), Conflict, id="410 Gone"),
        pytest.param(answer(400, status(400)), Refused, id="400"),
        pytest.param(answer(401, status(401)), Refused, id="401"),
        pytest.param(answer(403, status(403)), Refused, id="403"),
        pytest.param(answer(404, status(404)), Refused, id="404 by the API server"),
        pytest.param(answer(404, b"404 page not found\n"), Refused, id="404 path not served"),
        pytest.param(answer(404, HTML), Unavailable, id="404 by a proxy"),
        pytest.param(answer(408), Unavailable, id="408"),
        pytest.param(answer(422, status(422)), Refused, id="422 of no patch"),
        pytest.param(answer(429), Unavailable, id="429"),
        pytest.param(answer(302), Unavailable, id="a redirect"),
        pytest.param(answer(500, status(500)), Unavailable, id="500"),
        pytest.param(answer(502, HTML), Unavailable, id="502 with a web page"),
        pytest.param(answer(504, status(504)), Unavailable, id="504"),
    ],
)
def test_failures_are_named_by_what_we_do_next(
    given: Answer, branch: type[RolloutdError]
) -> None:
    """The engine reacts to the branch: hold, read again, or ask a person."""
    assert type(failure(given)) is branch


def test_a_patch_whose_test_failed_is_a_conflict() -> None:
    """API servers say so with 422, no causes, and without the patch library's words."""
    words = "the server rejected our request due to an error in our request"
    given = answer(422, status(422, words, reason="Invalid", details={}))

    assert isinstance(failure(given, json_patch=True), Conflict)


def test_a_patch_that_fails_validation_is_refused() -> None:
    """Reading again would change nothing: the value itself is not acceptable."""
    causes = [{"reason": "FieldValueInvalid", "field": "spec.http", "message": "negative"}]
    given = answer(422, status(422, "is invalid", details={"causes": causes}))

    assert isinstance(failure(given, json_patch=True), Refused)


def test_the_servers_own_message_reaches_people() -> None:
    """Admission webhooks explain themselves in it."""
    given = answer(400, status(400, "admission webhook denied: weight must be >= 0"))

    assert "GET /x: 400 admission webhook denied" in str(failure(given))


def test_retry_after_survives_the_translation() -> None:
    """Backoff honours it even where the call itself could not wait that long."""
    error = failure(answer(429, retry_after=7.0))

    assert isinstance(error, Throttled)
    assert error.pause == 7.0


def test_absence_is_believed_from_the_api_server_alone() -> None:
    """A proxy without a backend would otherwise make us create a second lease."""
    assert is_absent(answer(404, status(404)))
    assert not is_absent(answer(404, HTML))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"kind":"Dep', id="cut short"),
        pytest.param(HTML, id="a web page"),
        pytest.param(b"[1]", id="not an object"),
    ],
)
def test_a_success_without_an_object_is_no_success(body: bytes) -> None:
    """200 with nonsense leaves a write in doubt: read before writing again."""
    with pytest.raises(Unavailable):
        parsed(answer(200, body))


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError("reset by peer"),
        aiohttp.ClientPayloadError("cut"),
        aiohttp.InvalidURL("nowhere"),
    ],
)
def test_errors_of_the_network_are_translated(error: Exception) -> None:
    """No foreign exception may pass the adapter's edge."""
    with pytest.raises(Unavailable) as caught, translated("GET /x"):
        raise error

    assert caught.value.__cause__ is error
