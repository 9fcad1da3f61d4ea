"""HTTP around the store: what no client of ours would ask, and others do."""

from __future__ import annotations

from aiohttp import web

from rolloutd.adapters.kubernetes.fields import dig, items
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.resources import CONFIG_MAP, VIRTUAL_SERVICE
from rolloutd.sandbox.kubernetes.store import Store
from tests.sandbox.kubernetes.examples import REVIEWS, SERVICES, cluster, named, reviews
from tests.sandbox.kubernetes.http import serving

MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"


def stocked(count: int = 1) -> Store:
    """Make a cluster with VirtualServices r0, r1, ..."""
    store = cluster()
    for number in range(count):
        body = reviews(name=f"r{number}", labels={"odd": str(number % 2 == 1)})
        store.create(VIRTUAL_SERVICE, "default", body)
    return store


def names(page: Json) -> list[object]:
    """Return the names on a page."""
    return [dig(each, "metadata", "name") for each in items(page, "items")]


def told(lines: list[Json]) -> list[tuple[object, object]]:
    """Return what a watch told: types and names."""
    return [(line["type"], dig(line, "object", "metadata", "name")) for line in lines]


async def test_a_page_shows_the_moment_at_which_the_list_began() -> None:
    """An object created meanwhile would shift the pages, and one would be missed."""
    async with serving(stocked(3)) as http:
        first = (await http.ask("GET", f"{SERVICES}?limit=2")).body
        http.store.create(VIRTUAL_SERVICE, "default", reviews(name="a"))
        token = dig(first, "metadata", "continue")
        second = (await http.ask("GET", f"{SERVICES}?limit=2&continue={token}")).body

    assert (names(first), names(second)) == (["r0", "r1"], ["r2"])
    assert dig(first, "metadata", "resourceVersion") == dig(
        second, "metadata", "resourceVersion"
    )


async def test_a_forgotten_page_is_gone() -> None:
    """410 makes clients begin again; an empty page would end their list early."""
    async with serving(stocked()) as http:
        answer = await http.ask("GET", f"{SERVICES}?limit=2&continue=99-2")

    assert (answer.code, answer.body["reason"]) == (410, "Expired")


async def test_a_watch_begins_with_the_state_when_asked_for_it() -> None:
    """``kubectl wait`` lists through its watch, and knows by the bookmark when it is whole."""
    query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1"
    async with serving(stocked()) as http:
        lines = await http.lines(f"{SERVICES}?{query}")

    assert told(lines)[:2] == [("ADDED", "r0"), ("BOOKMARK", None)]
    assert dig(lines[1], "object", "metadata", "annotations") == {
        "k8s.io/initial-events-end": "true"
    }


async def test_a_watch_ends_when_its_time_is_over_and_says_where() -> None:
    """The next watch begins at the last bookmark, also where nothing happened."""
    query = "watch=1&resourceVersion=101&allowWatchBookmarks=true&timeoutSeconds=1"
    async with serving(stocked()) as http:
        lines = await http.lines(f"{SERVICES}?{query}")

    assert told(lines) == [("ADDED", "r0"), ("BOOKMARK", None)]
    version = dig(lines[1], "object", "metadata", "resourceVersion")
    assert version == str(http.store.version)


async def test_a_version_that_is_too_old_ends_a_watch_with_an_error() -> None:
    """As in a cluster it comes as an event: the answer has begun already."""
    store = stocked()
    store.history.forget()
    async with serving(store) as http:
        [line] = await http.lines(f"{SERVICES}?watch=true&resourceVersion=7")

    assert (line["type"], dig(line, "object", "code")) == ("ERROR", 410)


async def test_a_watch_is_told_when_an_object_ceases_to_be_selected() -> None:
    """For who watches by label, relabelling is deletion."""
    store = stocked(2)
    version = store.version
    async with serving(store) as http:
        change = {"metadata": {"labels": {"odd": "no longer"}}}
        await http.ask("PATCH", f"{SERVICES}/r1", change, Content_Type=MERGE)
        query = f"watch=1&resourceVersion={version}&labelSelector=odd=True&timeoutSeconds=1"
        lines = await http.lines(f"{SERVICES}?{query}")

    assert told(lines) == [("DELETED", "r1")]


async def test_selected_objects_are_deleted_together() -> None:
    """``kubectl delete -l`` and namespace cleaners ask this way."""
    async with serving(stocked(3)) as http:
        answer = await http.ask("DELETE", f"{SERVICES}?labelSelector=odd=False")
        left = (await http.ask("GET", SERVICES)).body

    assert answer.code == 200
    assert names(left) == ["r1"]


async def test_a_dry_run_answers_and_stores_nothing() -> None:
    """A plan must be checkable against a cluster without touching it."""
    async with serving(stocked()) as http:
        created = await http.ask("POST", f"{MAPS}?dryRun=All", named("settings"))
        deleted = await http.ask("DELETE", f"{SERVICES}/r0?dryRun=All")
        still = await http.ask("GET", f"{SERVICES}/r0")

    assert (created.code, deleted.code, still.code) == (201, 200, 200)
    assert http.store.list(CONFIG_MAP) == []


async def test_a_put_without_a_version_is_refused_where_locks_matter() -> None:
    """A lease put blindly would make two leaders."""
    async with serving(stocked()) as http:
        answer = await http.ask("PUT", f"{SERVICES}/r0", reviews(name="r0"))

    assert answer.code == 422
    assert "resourceVersion" in str(answer.body["message"])


async def test_strategic_merges_of_custom_resources_are_refused() -> None:
    """A client that relies on them here would fail in a cluster."""
    kind = "application/strategic-merge-patch+json"
    async with serving(stocked()) as http:
        answer = await http.ask("PATCH", f"{SERVICES}/r0", {}, Content_Type=kind)

    assert answer.code == 415


async def test_a_hook_may_answer_in_the_servers_place() -> None:
    """Faults are tried out this way, by the demo and by tests."""

    async def overloaded(request: web.Request) -> web.StreamResponse | None:
        return web.json_response({}, status=503) if request.method == "PATCH" else None

    async with serving(stocked()) as http:
        http.serving.server.hook = overloaded
        patched = await http.ask("PATCH", f"{SERVICES}/r0", {}, Content_Type=MERGE)
        read = await http.ask("GET", f"{SERVICES}/r0")

    assert (patched.code, read.code) == (503, 200)


async def test_requests_are_counted_by_their_verb() -> None:
    """The bench promises one write per step, and counts."""
    async with serving(stocked()) as http:
        await http.ask("GET", SERVICES, User_Agent="me")
        await http.ask("GET", f"{SERVICES}/r0", User_Agent="me")
        await http.lines(f"{SERVICES}?watch=1&timeoutSeconds=1")
        await http.ask("DELETE", f"{SERVICES}/r0", User_Agent="me")
        counts = http.serving.server.requests

    assert counts["list", "virtualservices", "me"] == 1
    assert counts["get", "virtualservices", "me"] == 1
    assert counts["delete", "virtualservices", "me"] == 1
    assert sum(n for (verb, _, _), n in counts.items() if verb == "watch") == 1


async def test_reviews_are_granted_unless_told_otherwise() -> None:
    """Who guards the daemon's API with the cluster's permissions tests both answers here."""
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    async with serving(stocked()) as http:
        granted = await http.ask("POST", path, {"spec": {"user": "ann"}})
        http.serving.server.judge = lambda _kind, spec: {"allowed": spec.get("user") == "bob"}
        denied = await http.ask("POST", path, {"spec": {"user": "ann"}})

    assert (dig(granted.body, "status", "allowed"), granted.code) == (True, 201)
    assert dig(denied.body, "status", "allowed") is False


async def test_what_is_not_served_is_not_found() -> None:
    """kubectl and the daemon tell an absent CRD from an absent object by the words."""
    async with serving(cluster()) as http:
        codes = [
            (await http.ask("GET", path)).code
            for path in ("/nowhere", "/apis/apps/v2", "/api/v1/gadgets", f"{REVIEWS}/logs")
        ]

    assert codes == [404, 404, 404, 404]


async def test_a_body_that_is_no_object_is_refused() -> None:
    """A server that fails with 500 would be taken for one that is away."""
    async with serving(cluster()) as http:
        answers = [await http.ask("POST", MAPS, body) for body in ([1], "text", 3)]

    assert [answer.code for answer in answers] == [400, 400, 400]


async def test_a_body_must_agree_with_its_path() -> None:
    """What is meant for one namespace must not land in another."""
    async with serving(stocked()) as http:
        elsewhere = await http.ask("POST", SERVICES, reviews(namespace="shop"))
        version = str(http.store.version)
        renamed = reviews(name="other", resourceVersion=version)
        other = await http.ask("PUT", f"{SERVICES}/r0", renamed)

    assert (elsewhere.code, other.code) == (400, 400)


async def test_what_a_path_cannot_do_is_not_allowed() -> None:
    """405 tells a client's mistake from an object that is not there."""
    async with serving(stocked()) as http:
        put = await http.ask("PUT", SERVICES, reviews())
        posted = await http.ask("POST", f"{SERVICES}/r0", reviews())
        nowhere = await http.ask("POST", "/api/v1/configmaps", named("settings"))

    assert (put.code, posted.code, nowhere.code) == (405, 405, 405)


async def test_yaml_is_read_where_it_is_announced() -> None:
    """Manifests are YAML, and curl sends them as they are."""
    async with serving(stocked()) as http:
        answer = await http.ask(
            "POST", MAPS, named("settings"), Content_Type="application/yaml"
        )

    assert answer.code == 201


async def test_owned_objects_can_be_left_behind() -> None:
    """``kubectl delete --cascade=orphan`` keeps pods while their owner is replaced."""
    store = stocked()
    owner = store.list(VIRTUAL_SERVICE)[0]
    owners = [{"kind": "VirtualService", "uid": dig(owner, "metadata", "uid")}]
    store.create(CONFIG_MAP, "default", named("kept", ownerReferences=owners))
    async with serving(store) as http:
        await http.ask("DELETE", f"{SERVICES}/r0", {"propagationPolicy": "Orphan"})

    assert len(store.list(CONFIG_MAP)) == 1
