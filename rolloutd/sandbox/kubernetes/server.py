"""The sandbox's API behind HTTP, as kubectl and the daemon's live client know it.

Bodies are JSON or YAML. What kubectl sends as protobuf alone, which is ``create namespace``,
``create configmap`` and their like, and ``auth can-i``, is answered with 415: use ``apply -f``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler

from rolloutd.adapters.kubernetes.fields import section, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes import verbs
from rolloutd.sandbox.kubernetes.bodies import answer, body_of, object_of, refusal
from rolloutd.sandbox.kubernetes.discovery import described
from rolloutd.sandbox.kubernetes.failures import (
    ApiFailure,
    bad_request,
    not_allowed,
    unsupported,
)
from rolloutd.sandbox.kubernetes.locations import Location, locate
from rolloutd.sandbox.kubernetes.openapi import openapi
from rolloutd.sandbox.kubernetes.pages import Page, Pages
from rolloutd.sandbox.kubernetes.queries import ListQuery, is_dry_run, is_set, list_query
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.reviews import (
    ReviewStatus,
    everybody,
    review_kind,
    reviewed,
)
from rolloutd.sandbox.kubernetes.store import Removal, Store, Write
from rolloutd.sandbox.kubernetes.streams import Stream
from rolloutd.sandbox.kubernetes.tables import table
from rolloutd.sandbox.kubernetes.verbs import Patch, PatchType
from rolloutd.sandbox.kubernetes.watching import Watch

Hook: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers a request itself, as a broken server might, or returns ``None`` to have it served."""

_BODY_LIMIT = 4 * 1024 * 1024
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class ApiServer:
    """Answers requests from a store.

    Attributes:
        hook: Asked first, at every request: for faults.
        judge: Answers reviews of tokens and of permissions.
        requests: How many came, by (verb, plural, user agent); verbs as in RBAC.
    """

    def __init__(self, store: Store) -> None:
        self.hook: Hook | None = None
        self.judge: ReviewStatus = everybody
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self._store = store
        self._pages = Pages()

    def application(self) -> web.Application:
        """Return what serves it."""
        app = web.Application(middlewares=[self._guard], client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._count(request)
            hooked = None if self.hook is None else await self.hook(request)
            return await handler(request) if hooked is None else hooked
        except ApiFailure as failure:
            return refusal(failure)

    def _count(self, request: web.Request) -> None:
        try:
            at = locate(request.path)
        except ApiFailure:
            return
        agent = request.headers.get("User-Agent", "")
        self.requests[_verb(request, at), at.resource.plural, agent] += 1

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path in _HEALTH:
            return web.Response(text="ok")
        kind = review_kind(request.path)
        if kind is not None and request.method == "POST":
            review = reviewed(kind, await object_of(request), self.judge)
            return answer(review, 201)
        document = openapi(request.path) or described(request.path)
        if document is not None:
            return answer(document)
        at = locate(request.path)
        return await (
            self._collection(request, at) if at.name is None else self._item(request, at)
        )

    async def _collection(self, request: web.Request, at: Location) -> web.StreamResponse:
        match request.method:
            case "GET":
                return await self._list(request, at)
            case "POST":
                body = await object_of(request)
                created = verbs.create(self._store, at, body, _write(request, at))
                return answer(created, 201)
            case "DELETE":
                return self._delete_collection(request, at)
            case _:
                raise not_allowed()

    async def _list(self, request: web.Request, at: Location) -> web.StreamResponse:
        query = list_query(request.query)
        if query.is_watch:
            return await self._watch(request, at, query)
        page = self._page(at, query)
        if _wants_table(request):
            return answer(table(at.resource, page.objects, page.metadata, self._store.now()))
        return answer(
            {
                "kind": f"{at.resource.kind}List",
                "apiVersion": at.endpoint.served.api_version,
                "metadata": page.metadata,
                "items": [at.served(obj) for obj in page.objects],
            }
        )

    def _page(self, at: Location, query: ListQuery) -> Page:
        if query.continued:
            return self._pages.next(query.continued, query.limit)
        found = self._store.list(at.resource, at.namespace, query.selector)
        return self._pages.first(found, str(self._store.version), query.limit)

    async def _watch(
        self, request: web.Request, at: Location, query: ListQuery
    ) -> web.StreamResponse:
        watch = Watch(at=at, selector=query.selector)
        shape = partial(self._row, at) if _wants_table(request) else _plain
        stream = Stream(store=self._store, watch=watch, query=query, shape=shape)
        return await stream.answer(request)

    def _row(self, at: Location, obj: Json) -> Json:
        """Return one object as a table; of a bookmark, which is no object, an empty one."""
        version = section(obj, "metadata").get("resourceVersion")
        rows = [at.stored(obj)] if text(obj, "metadata", "name") else []
        metadata: Json = {"resourceVersion": version}
        return table(at.resource, rows, metadata, self._store.now())

    def _delete_collection(self, request: web.Request, at: Location) -> web.Response:
        query = list_query(request.query)
        removal = Removal(dry_run=is_dry_run(request.query))
        for obj in self._store.list(at.resource, at.namespace, query.selector):
            namespace = text(obj, "metadata", "namespace") or ""
            ref = Ref(at.resource, namespace, text(obj, "metadata", "name") or "")
            if self._store.find(ref) is not None:
                self._store.delete(ref, removal)
        return answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    async def _item(self, request: web.Request, at: Location) -> web.StreamResponse:
        match request.method:
            case "GET":
                query = list_query(request.query)
                if query.is_watch:
                    return await self._watch(request, at, query)
                found = verbs.read(self._store, at)
                shown = self._row(at, found) if _wants_table(request) else found
                return answer(shown)
            case "PUT":
                body = await object_of(request)
                return answer(verbs.replace(self._store, at, body, _write(request, at)))
            case "PATCH":
                return await self._patch(request, at)
            case "DELETE":
                body = section(await body_of(request))
                return answer(verbs.delete(self._store, at, _removal(request, body)))
            case _:
                raise not_allowed()

    async def _patch(self, request: web.Request, at: Location) -> web.Response:
        body = await body_of(request)
        try:
            kind = PatchType(request.content_type)
        except ValueError as exc:
            accepted = ", ".join(PatchType)
            raise unsupported(f"{request.content_type} is not one of {accepted}") from exc
        if kind is PatchType.APPLY and "fieldManager" not in request.query:
            raise bad_request("fieldManager is required for apply patch")
        is_new = kind is PatchType.APPLY and self._store.find(at.ref) is None
        change = Patch(type=kind, body=body, force=is_set(request.query, "force"))
        changed = verbs.patch(self._store, at, change, _write(request, at))
        return answer(changed, 201 if is_new else 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """An API server that serves.

    Attributes:
        url: Its base, without a trailing slash.
        server: For its hook and its counts.
    """

    url: str
    server: ApiServer


@asynccontextmanager
async def serve(
    store: Store, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Serving]:
    """Serve a store meanwhile.

    Args:
        store: Whoever else writes to it is seen by all clients.
        host: Where to listen. There are no credentials, so nowhere but here.
        port: 0 for any that is free.

    Raises:
        OSError: The port is taken.
    """
    server = ApiServer(store)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound: tuple[str, int] = runner.addresses[0]
        yield Serving(url=f"http://{host}:{bound[1]}", server=server)
    finally:
        store.history.end_watches()
        await runner.cleanup()


def _wants_table(request: web.Request) -> bool:
    return "as=Table" in request.headers.get("Accept", "")


def _plain(obj: Json) -> Json:
    return obj


def _verb(request: web.Request, at: Location) -> str:
    if request.method == "GET":
        if list_query(request.query).is_watch:
            return "watch"
        return "list" if at.name is None else "get"
    verb = _VERBS.get(request.method, request.method.lower())
    return "deletecollection" if verb == "delete" and at.name is None else verb


def _write(request: web.Request, at: Location) -> Write:
    agent = request.headers.get("User-Agent", "unknown").split("/")[0]
    return Write(
        manager=request.query.get("fieldManager") or agent,
        subresource=at.subresource,
        dry_run=is_dry_run(request.query),
    )


def _removal(request: web.Request, options: Json) -> Removal:
    policy = text(options, "propagationPolicy") or request.query.get("propagationPolicy")
    return Removal(
        uid=text(options, "preconditions", "uid"),
        version=text(options, "preconditions", "resourceVersion"),
        orphans=policy == "Orphan",
        dry_run=is_dry_run(request.query) or options.get("dryRun") == ["All"],
    )
