"""The mesh port over VirtualServices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rolloutd.adapters.istio.annotations import EPOCH, MANAGED_BY, PAUSE, RECORD_LIMIT, keys
from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.mesh import IstioMesh
from rolloutd.core.observation import MeshBlind, MeshSeen
from rolloutd.core.plan import Arm, Key
from rolloutd.core.units import Percent
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json
from tests.adapters.istio.cluster import Cluster, FakeCache
from tests.adapters.istio.examples import (
    FULL,
    PLAN,
    Written,
    destination_rule,
    naming_routes,
    route,
    spanning,
    to,
    virtual_service,
)

RULE = destination_rule("v3", "v4")
KEYS = keys("data-product")


def weights(cluster: Cluster, name: str = "data-product", index: int = 0) -> list[object]:
    """Return a route's weights as the API server has them."""
    path = f"/apis/networking.istio.io/v1/namespaces/default/virtualservices/{name}"
    spec = cluster.api.objects[path]["spec"]
    assert isinstance(spec, dict)
    return [listed.get("weight") for listed in spec["http"][index]["route"]]


def noted(cluster: Cluster, name: str = "data-product") -> dict[str, str]:
    """Return annotations as the API server has them."""
    path = f"/apis/networking.istio.io/v1/namespaces/default/virtualservices/{name}"
    meta = cluster.api.objects[path]["metadata"]
    assert isinstance(meta, dict)
    found = meta.get("annotations", {})
    assert isinstance(found, dict)
    return found


def seen(cluster: Cluster) -> MeshSeen:
    """Look, expecting to see."""
    sighting = cluster.mesh.look(PLAN)
    assert isinstance(sighting, MeshSeen)
    return sighting


def split(stable: int, canary: int) -> Json:
    """Return the usual route."""
    return route(to("v3", stable), to("v4", canary))


async def test_weights_and_record_travel_in_one_patch() -> None:
    """State and traffic cannot disagree if there is no moment between them."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)

    await cluster.mesh.write(PLAN, Percent(10), "record", why="step 1")

    assert len(cluster.api.patches) == 1
    assert weights(cluster) == [90, 10]
    assert noted(cluster) == {
        KEYS.record: "record",
        KEYS.desired_weight: "10",
        KEYS.last_transition: "step 1",
        MANAGED_BY: "rolloutd",
    }


async def test_look_sees_what_was_just_written() -> None:
    """The watch may lag; deciding on the state before one's own write would write twice."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)

    await cluster.mesh.write(PLAN, Percent(10), "record", why="")

    assert seen(cluster) == MeshSeen(
        canary=Percent(10), record="record", primary_in_step=True, secondaries_in_step=True
    )


async def test_equal_state_writes_nothing() -> None:
    """Every decision restates its target; a quiet rollout must not wear out the API server."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)
    await cluster.mesh.write(PLAN, Percent(10), "record", why="step 1")

    await cluster.mesh.write(PLAN, Percent(10), "record", why="again")
    await cluster.mesh.note(PLAN, "record")

    assert len(cluster.api.patches) == 1


async def test_stale_cache_is_a_conflict_and_changes_nothing() -> None:
    """Someone's edit between our read and our write must not be overwritten."""
    before = virtual_service(split(100, 0))
    cluster = Cluster(before, RULE)
    stale = cluster.client(FakeCache(before, RULE))
    cluster.edit("data-product", {"op": "add", "path": "/spec/gateways", "value": ["mesh"]})

    with pytest.raises(Conflict):
        await stale.write(PLAN, Percent(10), "record", why="")

    assert weights(cluster) == [100, 0]


async def test_shifted_routes_are_a_conflict() -> None:
    """An index is no identity: a route inserted above ours would get our weights."""
    before = virtual_service(split(100, 0))
    cluster = Cluster(before, RULE)
    stale = cluster.client(FakeCache(before, RULE))
    other = route(to("v3", 1, host="other"), to("v4", 1, host="other"))
    cluster.edit("data-product", {"op": "add", "path": "/spec/http/0", "value": other})

    with pytest.raises(Conflict):
        await stale.write(PLAN, Percent(10), "record", why="")

    assert weights(cluster) == [1, 1]


async def test_note_stores_the_record_and_moves_no_weight() -> None:
    """A hold or a breach is remembered without touching traffic."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)

    await cluster.mesh.note(PLAN, "waiting")

    assert weights(cluster) == [100, 0]
    assert seen(cluster).record == "waiting"
    assert seen(cluster).primary_in_step


async def test_note_refuses_a_missing_virtual_service() -> None:
    """There is nowhere to keep the record."""
    with pytest.raises(Refused, match="default/data-product is not there"):
        await Cluster(RULE).mesh.note(PLAN, "record")


async def test_oversized_record_is_refused_before_it_is_sent() -> None:
    """Annotations are shared with other tools, and one that grows ends at a hard limit."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)

    with pytest.raises(Refused, match="8193 bytes"):
        await cluster.mesh.write(PLAN, Percent(10), "x" * (RECORD_LIMIT + 1), why="")

    assert cluster.api.patches == []


async def test_untouched_virtual_service_is_in_step() -> None:
    """Before the first write nothing is ordered, so nothing can have drifted."""
    cluster = Cluster(virtual_service(split(70, 30)), RULE)

    assert seen(cluster) == MeshSeen(
        canary=Percent(30), record=None, primary_in_step=True, secondaries_in_step=True
    )


async def test_changed_weights_are_drift() -> None:
    """A person or a GitOps tool moved traffic: the policy must hear of it."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)
    await cluster.mesh.write(PLAN, Percent(10), "record", why="")
    cluster.edit(
        "data-product",
        {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 60},
        {"op": "replace", "path": "/spec/http/0/route/1/weight", "value": 40},
    )

    assert seen(cluster).canary == 40
    assert not seen(cluster).primary_in_step


@pytest.mark.parametrize("tampered", ["many", "101", "-1", ""])
async def test_tampered_order_is_drift(tampered: str) -> None:
    """An unreadable order is not the same as none: it has to be written again."""
    cluster = Cluster(
        Written(http=[split(90, 10)], annotations={KEYS.desired_weight: tampered}).object(),
        RULE,
    )

    assert not seen(cluster).primary_in_step


async def test_disagreeing_routes_have_no_common_share() -> None:
    """One number for two truths would be a lie."""
    cluster = Cluster(virtual_service(split(90, 10), split(50, 50)), RULE)

    assert seen(cluster).canary is None


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("incident 42", "incident 42"),
        ("", f"{PAUSE} is set without a reason"),
        ("false", None),
    ],
)
async def test_pause_annotation_is_a_request_to_hold_off(
    written: str, understood: str | None
) -> None:
    """The escape hatch works with kubectl alone, while we are unreachable."""
    cluster = Cluster(
        Written(http=[split(90, 10)], annotations={PAUSE: written}).object(), RULE
    )

    assert seen(cluster).hold_off == understood


async def test_missing_virtual_service_is_blindness_with_a_remedy() -> None:
    """Nothing can be moved; the reader learns what to create."""
    sighting = Cluster(RULE).mesh.look(PLAN)

    assert isinstance(sighting, MeshBlind)
    assert "default/data-product is not there" in sighting.reason


async def test_a_run_is_known_of_though_its_routes_are_not_understood() -> None:
    """The plan may name the next canary by now: who starts then is to end the run before."""
    cluster = Cluster(
        Written(http=[route(to("v9", 100))], annotations={KEYS.record: "a run"}).object(), RULE
    )
    sighting = cluster.mesh.look(PLAN)

    assert isinstance(sighting, MeshBlind)
    assert sighting.record == "a run"


async def test_write_refuses_what_look_is_blind_to() -> None:
    """A caller that skips the look gets the same reason."""
    cluster = Cluster(virtual_service(route(to("v9", 100))), RULE)
    sighting = cluster.mesh.look(PLAN)
    assert isinstance(sighting, MeshBlind)

    with pytest.raises(Refused) as refusal:
        await cluster.mesh.write(PLAN, Percent(10), "record", why="")

    assert str(refusal.value) == sighting.reason


async def test_undefined_canary_subset_keeps_a_run_from_starting() -> None:
    """Its first request would be answered 503."""
    cluster = Cluster(virtual_service(split(100, 0)), destination_rule("v3"))
    sighting = cluster.mesh.look(PLAN)

    assert isinstance(sighting, MeshBlind)
    assert "has no subset v4 (it has v3)" in sighting.reason


async def test_undefined_canary_subset_refuses_more_traffic() -> None:
    """A subset may go while a run is under way."""
    cluster = Cluster(virtual_service(split(90, 10)), destination_rule("v3"))

    with pytest.raises(Refused, match="no subset v4"):
        await cluster.mesh.write(PLAN, Percent(50), "record", why="")


async def test_rollback_does_not_ask_for_subsets() -> None:
    """A rule that is gone, or that we cannot see, must never keep traffic on a bad canary."""
    cluster = Cluster(virtual_service(split(50, 50)))

    assert seen(cluster).canary == 50

    await cluster.mesh.write(PLAN, Percent(0), "record", why="rollback")

    assert weights(cluster) == [100, 0]


async def test_return_from_full_promotion_asks_for_stable() -> None:
    """Whoever cleaned up after a promotion has no stable to go back to: 503 for everyone."""
    cluster = Cluster(virtual_service(split(0, 100)), destination_rule("v4"))

    with pytest.raises(Refused, match="no subset v3"):
        await cluster.mesh.write(PLAN, Percent(0), "record", why="rollback")


async def test_host_level_split_needs_no_rule() -> None:
    """Two services need no subsets."""
    plan = replace(
        PLAN,
        stable=Arm(host="data-product", subset=None, deployment="data-product"),
        canary=Arm(host="data-product-v4", subset=None, deployment="data-product-v4"),
    )
    cluster = Cluster(virtual_service(route(to(None))))

    await cluster.mesh.write(plan, Percent(10), "record", why="")

    assert weights(cluster) == [90, 10]
    assert cluster.mesh.hosts(plan) == (FULL, "data-product-v4.default.svc.cluster.local")


async def test_hosts_are_those_that_routes_name() -> None:
    """Metrics carry full names."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)

    assert cluster.mesh.hosts(PLAN) == (FULL, FULL)


async def test_hosts_of_a_missing_route_are_refused() -> None:
    """Without a route nothing says which host is meant."""
    with pytest.raises(Refused):
        Cluster().mesh.hosts(PLAN)


async def test_two_plans_share_a_virtual_service_without_mixing_records() -> None:
    """Different routes of one object may be under way at once."""
    mine, theirs = naming_routes("a"), replace(naming_routes("b"), key=Key("default", "other"))
    routes = [
        route(to("v3", 100), to("v4", 0), name="a"),
        route(to("v3", 100), to("v4", 0), name="b"),
    ]
    cluster = Cluster(virtual_service(*routes), RULE)

    await cluster.mesh.write(mine, Percent(10), "mine", why="")
    await cluster.mesh.write(theirs, Percent(50), "theirs", why="")

    sightings = [cluster.mesh.look(plan) for plan in (mine, theirs)]

    assert sightings == [
        MeshSeen(canary=share, record=record, primary_in_step=True, secondaries_in_step=True)
        for share, record in ((Percent(10), "mine"), (Percent(50), "theirs"))
    ]


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
async def test_patch_goes_to_the_version_that_was_read(version: str) -> None:
    """An older Istio serves no v1, and a newer one may drop the others."""
    cluster = Cluster(Written(version=version, http=[split(100, 0)]).object(), RULE)

    await cluster.mesh.write(PLAN, Percent(10), "record", why="")

    [(path, _)] = cluster.api.patches
    assert path.startswith(f"/apis/networking.istio.io/{version}/namespaces/default/")


async def test_object_of_another_group_is_refused() -> None:
    """There is no path to patch it at."""
    foreign = {**virtual_service(split(100, 0)), "apiVersion": "v1"}

    with pytest.raises(Refused, match="apiVersion"):
        await Cluster(foreign, RULE).mesh.write(PLAN, Percent(10), "record", why="")


async def test_long_reasons_are_cut() -> None:
    """Words of others end up in them; annotations have a limit."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)

    await cluster.mesh.write(PLAN, Percent(10), "record", why="x" * 1000)

    assert len(noted(cluster)[KEYS.last_transition]) == 256


class TestLeadership:
    async def test_a_look_tells_whether_the_present_leadership_has_left_its_mark(self) -> None:
        """Until it has, a write of the leader before, late on its way, would be accepted."""
        cluster = Cluster(virtual_service(split(100, 0)), RULE)
        alone = seen(cluster).is_stamped
        cluster.epoch = 3
        before = seen(cluster).is_stamped
        await cluster.mesh.write(PLAN, Percent(10), "r", why="Step 1.")
        after = seen(cluster).is_stamped
        cluster.epoch = 4

        assert (alone, before, after) == (True, False, True)
        assert not seen(cluster).is_stamped

    async def test_take_over_stamps_the_epoch_once(self) -> None:
        """Until the new leader has written, nothing at the server tells it from the old."""
        cluster = Cluster(virtual_service(split(100, 0)), RULE)
        cluster.epoch = 3
        await cluster.mesh.write(PLAN, Percent(10), "record", why="")
        cluster.epoch = 4

        await cluster.mesh.write(PLAN, Percent(10), "record", why="")
        await cluster.mesh.write(PLAN, Percent(10), "record", why="")

        assert noted(cluster)[EPOCH] == "4"
        assert len(cluster.api.patches) == 2

    async def test_late_write_of_an_older_leader_fails_at_the_server(self) -> None:
        """A process that was frozen does not know that it was deposed."""
        cluster = Cluster(virtual_service(split(100, 0)), RULE)
        cluster.epoch = 3
        await cluster.mesh.write(PLAN, Percent(10), "record", why="")
        frozen = cluster.client(FakeCache(*cluster.cache.objects.values()))
        cluster.epoch = 4
        await cluster.mesh.write(PLAN, Percent(0), "record", why="rollback")
        cluster.epoch = 3

        with pytest.raises(Conflict, match=r"rolloutd\.io~1epoch"):
            await frozen.write(PLAN, Percent(50), "record", why="")

        assert weights(cluster) == [100, 0]

    async def test_older_leader_that_sees_the_newer_refuses_itself(self) -> None:
        """Trying again would not help; a lost Lease needs a person, who is told what to do."""
        cluster = Cluster(virtual_service(split(100, 0)), RULE)
        cluster.epoch = 4
        await cluster.mesh.write(PLAN, Percent(10), "record", why="")
        cluster.epoch = 3

        with pytest.raises(Refused, match="remove the annotation"):
            await cluster.mesh.note(PLAN, "other")

    async def test_rollback_does_not_ask_who_leads(self) -> None:
        """A cluster restored without its Lease counts anew: every epoch found is later."""
        cluster = Cluster(
            Written(http=[split(50, 50)], annotations={EPOCH: "12"}).object(), RULE
        )
        cluster.epoch = 0

        await cluster.mesh.write(PLAN, Percent(0), "record", why="rollback")

        assert weights(cluster) == [100, 0]
        assert noted(cluster)[EPOCH] == "12"

        with pytest.raises(Refused, match="another copy leads"):
            await cluster.mesh.write(PLAN, Percent(10), "record", why="")


class TestSeveralVirtualServices:
    plan = spanning("data-product", "gateway")

    def cluster(self, primary: Json, secondary: Json) -> Cluster:
        """Return a cluster with two VirtualServices."""
        return Cluster(
            virtual_service(primary), virtual_service(secondary, name="gateway"), RULE
        )

    def seen(self, cluster: Cluster) -> MeshSeen:
        """Look, expecting to see."""
        sighting = cluster.mesh.look(self.plan)
        assert isinstance(sighting, MeshSeen)
        return sighting

    @pytest.mark.parametrize("share", [0, 80])
    async def test_primary_is_written_first(self, share: int) -> None:
        """It holds the truth, so it may never lag behind the others."""
        cluster = self.cluster(split(50, 50), split(50, 50))

        await cluster.mesh.write(self.plan, Percent(share), "record", why="")

        assert [path.rsplit("/", 1)[-1] for path, _ in cluster.api.patches] == [
            "data-product",
            "gateway",
        ]
        assert weights(cluster, "gateway") == [100 - share, share]

    async def test_only_the_primary_carries_the_record(self) -> None:
        """Two records would be two truths."""
        cluster = self.cluster(split(100, 0), split(100, 0))

        await cluster.mesh.write(self.plan, Percent(10), "record", why="")

        assert noted(cluster, "gateway") == {MANAGED_BY: "rolloutd"}

    async def test_next_call_heals_a_failed_secondary(self) -> None:
        """The failure is told, seen, and mended without another write to the primary."""
        cluster = self.cluster(split(100, 0), split(100, 0))
        cluster.api.fail("gateway", Unavailable("timeout"))
        with pytest.raises(Unavailable):
            await cluster.mesh.write(self.plan, Percent(10), "record", why="")
        torn = self.seen(cluster)

        await cluster.mesh.write(self.plan, Percent(10), "record", why="")

        assert torn.primary_in_step
        assert not torn.secondaries_in_step
        assert self.seen(cluster).secondaries_in_step
        assert len(cluster.api.patches) == 2

    async def test_one_failure_does_not_keep_the_others_from_rolling_back(self) -> None:
        """Each VirtualService carries traffic of its own."""
        plan = spanning("data-product", "gateway", "internal")
        cluster = Cluster(
            *(virtual_service(split(50, 50), name=each.virtual_service)
              for each in plan.virtual_services),
            RULE,
        )  # fmt: skip
        cluster.api.fail("gateway", Unavailable("timeout"))

        with pytest.raises(Unavailable):
            await cluster.mesh.write(plan, Percent(0), "record", why="rollback")

        assert weights(cluster, "internal") == [100, 0]

    async def test_no_step_up_while_one_cannot_follow(self) -> None:
        """Half a step is a state that nobody asked for."""
        cluster = self.cluster(split(90, 10), route(to("v9", 100)))

        with pytest.raises(Refused, match="default/gateway"):
            await cluster.mesh.write(self.plan, Percent(50), "record", why="")

        assert cluster.api.patches == []

    async def test_rollback_goes_as_far_as_it_can_and_tells_the_rest(self) -> None:
        """A VirtualService that someone broke must not hold up the ones that work."""
        cluster = self.cluster(split(50, 50), route(to("v9", 100)))

        assert not self.seen(cluster).secondaries_in_step

        with pytest.raises(Refused, match="default/gateway"):
            await cluster.mesh.write(self.plan, Percent(0), "record", why="rollback")

        assert weights(cluster) == [100, 0]

    async def test_unfit_secondary_keeps_a_run_from_starting(self) -> None:
        """While nothing is at stake, everything has to be right."""
        cluster = self.cluster(split(100, 0), route(to("v9", 100)))

        assert isinstance(cluster.mesh.look(self.plan), MeshBlind)


async def test_an_installation_leaves_its_name_beside_the_record() -> None:
    """By it, the run is found when its plan has gone; and other people's runs are not."""
    cluster = Cluster(virtual_service(split(100, 0)), RULE)
    mesh = IstioMesh(
        cluster.cache,
        cluster.api,
        epoch=lambda: None,
        absorb=cluster.cache.absorb,
        naming=Naming(installation="rolloutd/rolloutd"),
    )
    await mesh.write(PLAN, Percent(10), "{}", why="")
    once = len(cluster.api.patches)
    await mesh.write(PLAN, Percent(10), "{}", why="")

    assert noted(cluster)[KEYS.owner] == "rolloutd/rolloutd:data-product"
    assert len(cluster.api.patches) == once
