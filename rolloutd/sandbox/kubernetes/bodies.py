"""Reads what clients send, and writes what they get."""

from __future__ import annotations

import orjson
import yaml
from aiohttp import web

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure, bad_request, unsupported

_BINARY = (
    "the sandbox reads JSON and YAML alone; of kubectl, `create` with a kind and `auth can-i` "
    "send protobuf: use `kubectl apply -f` with a manifest"
)


async def body_of(request: web.Request) -> object:
    """Return the body, parsed; ``None`` where there is none.

    Raises:
        ApiFailure: 415: it is protobuf or CBOR; 400: it cannot be read.
    """
    raw = await request.read()
    if not raw:
        return None
    if "protobuf" in request.content_type or "cbor" in request.content_type:
        raise unsupported(_BINARY)
    try:
        if "yaml" in request.content_type and raw[:1] not in b"{[":
            return yaml.safe_load(raw)
        return orjson.loads(raw)
    except (orjson.JSONDecodeError, yaml.YAMLError) as exc:
        raise bad_request(f"the body cannot be read: {exc}") from exc


async def object_of(request: web.Request) -> Json:
    """Return the body, which has to be an object.

    Raises:
        ApiFailure: As ``body_of``; 400: it is something else.
    """
    body = await body_of(request)
    if not isinstance(body, dict):
        raise bad_request("the body is not an object")
    return body


def answer(document: object, code: int = 200) -> web.Response:
    """Return JSON."""
    return web.Response(
        body=orjson.dumps(document), status=code, content_type="application/json"
    )


def refusal(failure: ApiFailure) -> web.Response:
    """Return a failure as the ``Status`` that it is."""
    return answer(failure.status(), int(failure.code))
