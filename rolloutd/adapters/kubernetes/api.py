"""The live API server behind ``ports.KubeApi``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import structlog

from rolloutd.adapters.kubernetes.credentials import ClusterCredentials
from rolloutd.adapters.kubernetes.errors import Answer, failure, is_absent, parsed
from rolloutd.adapters.kubernetes.fields import dig, text, whole
from rolloutd.adapters.kubernetes.lines import Lines
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.adapters.kubernetes.transport import Request, Transport
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Json

_log = structlog.stdlib.get_logger("rolloutd.kubernetes")

FIELD_MANAGER = "rolloutd"
"""Under which name managedFields shows our writes."""

_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_WATCH_GRACE = Seconds(30.0)
"""How much longer than asked for a watch may live before we end it ourselves."""


@asynccontextmanager
async def connect(
    kubeconfig: Path | None, context: str | None, settings: ClientSettings, pace: Pace
) -> AsyncIterator[LiveApi]:
    """Connect to the cluster of a kubeconfig, or of the pod we run in.

    Args:
        kubeconfig: ``None`` and no context means in-cluster; with a context, the usual places.
        context: ``None`` for the kubeconfig's current one.
        settings: Deadlines and bounds of requests.
        pace: For waiting where the server says Retry-After, and for the length of watches.

    Raises:
        Refused: The credentials cannot be read.
    """
    credentials = ClusterCredentials(kubeconfig, context, pace)
    await credentials.access()
    transport = Transport(credentials, settings, pace.clock)
    try:
        yield LiveApi(transport, settings, pace)
    finally:
        await transport.close()


class LiveApi:
    """Implements ``ports.KubeApi`` over HTTP."""

    def __init__(self, transport: Transport, settings: ClientSettings, pace: Pace) -> None:
        self._transport = transport
        self._settings = settings
        self._pace = pace

    async def get(self, path: str) -> Json | None:
        """Read one object; ``None`` when the API server says that it is not there."""
        answer = await self._call(Request(method="GET", path=path))
        if is_absent(answer):
            return None
        return _object(answer)

    async def create(self, path: str, body: Json) -> Json:
        """Create in a collection."""
        return _object(await self._write("POST", path, body))

    async def replace(self, path: str, body: Json) -> Json:
        """Put a whole object."""
        return _object(await self._write("PUT", path, body))

    async def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """Apply a JSON patch."""
        answer = await self._write("PATCH", path, list(operations), _JSON_PATCH)
        if not answer.is_success:
            raise failure(answer, json_patch=True)
        return parsed(answer)

    async def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch."""
        return _object(await self._write("PATCH", path, body, _MERGE_PATCH))

    async def list(self, path: str) -> tuple[Sequence[Json], str]:
        """List a collection to its end, page by page; pages show one moment of the cluster."""
        found: list[Json] = []
        query = {"limit": str(self._settings.page_size)}
        while True:
            request = Request(method="GET", path=path, query=query)
            page = _object(await self._transport.call(request, self._settings.page_deadline))
            found += _listed(page, path)
            token = text(page, "metadata", "continue")
            if token is None:
                return found, _version(page, path)
            if token == query.get("continue"):
                raise Unavailable(f"GET {path}: the server repeats a page")
            query = {**query, "continue": token}

    async def watch(self, path: str, resource_version: str) -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection until the server ends it, after 5 to 10 minutes by default."""
        asked = self._settings.watch_timeout * self._pace.chance.uniform(1.0, 2.0)
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, int(asked))),
        }
        request = Request(method="GET", path=path, query=query)
        lines = Lines(self._settings.body_limit)
        async with self._transport.stream(request, Seconds(asked + _WATCH_GRACE)) as chunks:
            async for chunk in chunks:
                for line in lines.feed(chunk):
                    change, subject = _event(line, path)
                    if isinstance(subject, dict):
                        yield change, subject
                    else:
                        _log.warning("watch_event_skipped", path=path, change=change)

    async def _write(
        self, method: str, path: str, body: object, content_type: str = "application/json"
    ) -> Answer:
        return await self._call(
            Request(
                method=method,
                path=path,
                query={"fieldManager": FIELD_MANAGER},
                body=orjson.dumps(body),
                content_type=content_type,
            )
        )

    async def _call(self, request: Request) -> Answer:
        return await self._transport.call(request, self._settings.deadline)


def _object(answer: Answer) -> Json:
    if not answer.is_success:
        raise failure(answer)
    return parsed(answer)


def _version(page: Json, path: str) -> str:
    version = text(page, "metadata", "resourceVersion")
    if version is None:
        raise Unavailable(f"GET {path}: the list has no resourceVersion")
    return version


def _listed(page: Json, path: str) -> list[Json]:
    """Return a page's objects, each with its kind: lists of built-in kinds leave it out."""
    entries = page.get("items")
    if entries is None:  # Go writes an empty slice as null
        return []
    if not isinstance(entries, list):
        raise Unavailable(f"GET {path}: the answer is not a list")
    kind = (text(page, "kind") or "").removesuffix("List")
    named: Json = {"apiVersion": page.get("apiVersion"), "kind": kind}
    objects = [named | entry for entry in entries if isinstance(entry, dict)]
    if len(objects) < len(entries):
        _log.warning("list_item_skipped", path=path, skipped=len(entries) - len(objects))
    return objects


def _event(line: bytes, path: str) -> tuple[str, object]:
    """Return the type and the object of a watch event; the object as it came."""
    try:
        event: object = orjson.loads(line)
    except orjson.JSONDecodeError as exc:
        raise Unavailable(f"watch {path}: a line is not JSON") from exc
    change, subject = text(event, "type"), dig(event, "object")
    if change is None:
        raise Unavailable(f"watch {path}: a line is not an event")
    if change == "ERROR":
        code = whole(subject, "code") or 500
        raise failure(Answer(what=f"watch {path}", status=code, body=orjson.dumps(subject)))
    return change, subject
