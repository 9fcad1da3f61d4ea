"""Orders: obeyed once, refused with a reason, and in force before they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest

from rolloutd.api.control.orders import MOST_WAITING
from rolloutd.core.actions import Announce
from rolloutd.core.observation import MeshBlind, Reading, Unread
from rolloutd.core.plan import Key, Plan, StartManual
from rolloutd.core.state import Phase, Record
from rolloutd.core.target import Target
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Meter
from tests.api.control.office import CHECKOUT, SHOP, Office, checkout, search
from tests.fakes.mesh import Lost


@pytest.mark.parametrize(
    ("orders", "phase", "weight"),
    [
        (["pause"], Phase.PAUSED, 10),
        (["pause", "resume"], Phase.PROGRESSING, 10),
        (["skip"], Phase.PROGRESSING, 50),
        (["promote"], Phase.PROGRESSING, 50),
        (["rollback"], Phase.ABORTED, 0),
        (["rollback", "retry"], Phase.PROGRESSING, 10),
    ],
)
async def test_a_verb_does_what_it_says(orders: list[str], phase: Phase, weight: int) -> None:
    """And the 200 comes with the state that it made."""
    async with Office().open(checkout()) as office:
        answers = [await office.order(verb, {"reason": "drill"}) for verb in orders]
        await office.settle()

    assert [answer.status for answer in answers] == [200] * len(orders)
    assert office.record().phase is phase
    assert office.weight() == weight


async def test_a_full_promotion_goes_all_the_way() -> None:
    """``full`` skips every step that is left."""
    async with Office().open(checkout()) as office:
        answer = await office.order("promote", {"full": True})

    assert answer.json["phase"] == "promoted"
    assert office.record().weight == 100


async def test_a_rollout_that_waits_for_a_person_is_started_by_one() -> None:
    """``start: manual``."""
    async with Office().open(checkout(start=StartManual())) as office:
        answer = await office.order("start")

    assert (answer.status, answer.json["phase"]) == (200, "progressing")


async def test_an_answered_order_is_in_the_clusters_record() -> None:
    """Who, what and why: it survives the process that took it."""
    async with Office().open(checkout()) as office:
        await office.order("pause", {"reason": "lunch"})
        record = office.record()

    assert record.pause is not None
    assert (record.pause.actor, record.pause.reason) == ("local", "Paused by local: lunch.")


async def test_an_answered_order_outlives_the_process() -> None:
    """Killed right after the 200: the next process finds the rollout paused."""
    async with Office().open(checkout()) as before:
        await before.order("pause")
    async with Office(meshes=before.meshes).open(checkout()) as after:
        answer = await after.get(SHOP)

    assert answer.json["phase"] == "paused"


async def test_an_order_is_not_answered_before_the_cluster_holds_it() -> None:
    """A 200 that a crash could undo would be a lie; the order stays and is carried out."""
    office = Office(deadline=Seconds(0.2))
    async with office.open(checkout()):
        office.meshes.of(CHECKOUT).fail_next(Unavailable("no answer"))
        answer = await office.order("pause")
        phase_then = office.record().phase
        await office.settle()

    assert (answer.status, answer.kind) == (504, "unconfirmed")
    assert phase_then is Phase.PROGRESSING
    assert office.record().phase is Phase.PAUSED


async def test_an_order_whose_answer_got_lost_is_asked_for_by_its_key() -> None:
    """Sent again, it is no second order, and its answer tells what became of the first."""
    office = Office(deadline=Seconds(0.2))
    async with office.open(checkout()):
        office.meshes.of(CHECKOUT).fail_next(Unavailable("no answer"), Lost.AFTER)
        await office.order("skip", Idempotency_Key="k1")
        await office.settle()
        again = await office.order("skip", Idempotency_Key="k1")

    assert again.status == 200
    assert office.record().weight == 50


async def test_the_same_key_twice_is_one_order() -> None:
    """A pipeline that retries must not skip two holds."""
    async with Office().open(checkout()) as office:
        first = await office.order("skip", Idempotency_Key="build-7")
        second = await office.order("skip", Idempotency_Key="build-7")

    assert (first.status, second.status) == (200, 200)
    assert (office.record().weight, office.record().step) == (50, 1)


async def test_the_key_of_a_pause_never_swallows_a_rollback() -> None:
    """A script with one key for everything must still get stable."""
    async with Office().open(checkout()) as office:
        await office.order("pause", Idempotency_Key="k")
        await office.order("rollback", Idempotency_Key="k")

    assert office.record().phase is Phase.ABORTED


async def test_a_rollback_is_another_one_in_another_run() -> None:
    """Whoever asks for stable gets stable, with whatever key."""
    async with Office().open(checkout()) as office:
        await office.order("rollback", Idempotency_Key="k")
        await office.order("retry")
        await office.settle()
        await office.order("rollback", Idempotency_Key="k")

    assert office.record().phase is Phase.ABORTED
    assert office.record().run == 2


async def test_an_order_for_another_step_is_stale() -> None:
    """Two people look at the same page; the second one's click is about what has gone."""
    async with Office().open(checkout()) as office:
        ana = await office.order("skip", {"expectedStep": 0})
        bo = await office.order("skip", {"expectedStep": 0})

    assert ana.status == 200
    assert (bo.status, bo.kind) == (409, "stale-step")
    assert "step 1 by now" in str(bo.json["detail"])
    assert office.record().step == 1


async def test_a_rollback_is_never_stale() -> None:
    """Whoever asks for stable gets stable, whatever step was on the screen."""
    async with Office().open(checkout()) as office:
        await office.order("skip")
        answer = await office.order("rollback", {"expectedStep": 0})

    assert answer.status == 200
    assert office.record().phase is Phase.ABORTED


async def test_of_two_orders_at_once_none_is_lost() -> None:
    """Both are answered, in turn, and the record holds both."""
    async with Office().open(checkout()) as office, asyncio.TaskGroup() as group:
        ana = group.create_task(office.order("skip", {"reason": "ana"}))
        bo = group.create_task(office.order("pause", {"reason": "bo"}))

    assert (ana.result().status, bo.result().status) == (200, 200)
    assert len(office.record().commands) == 2
    assert (office.record().phase, office.record().weight) == (Phase.PAUSED, 50)


async def test_an_order_that_does_not_fit_says_why() -> None:
    """Nothing to resume."""
    async with Office().open(checkout()) as office:
        answer = await office.order("resume")

    assert (answer.status, answer.kind) == (422, "does-not-fit")
    assert "nothing to resume" in str(answer.json["detail"])


async def test_an_order_to_a_rollout_without_a_plan_is_not_found() -> None:
    """Never queued for something that may come one day."""
    async with Office().open(checkout()) as office:
        answer = await office.order("pause", path="/api/v1/rollouts/shop/nothing")

    assert (answer.status, answer.kind) == (404, "no-such-rollout")


async def test_orders_go_to_the_rollout_they_name() -> None:
    """And to no other."""
    async with Office().open(checkout(), search()) as office:
        await office.order("pause", path="/api/v1/rollouts/find/search")

    assert office.record(Key("find", "search")).phase is Phase.PAUSED
    assert office.record().phase is Phase.PROGRESSING


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'"pause"', "body"),
        (b'{"reason": 7}', "reason"),
        (b'{"reason": "two\\nlines"}', "reason"),
        (b'{"reason": "%s"}' % (b"x" * 501), "reason"),
        (b'{"expectedStep": "0"}', "expectedStep"),
        (b'{"expectedStep": 0.5}', "expectedStep"),
        (b'{"expectedStep": -1}', "expectedStep"),
        (b'{"expectedStep": true}', "expectedStep"),
        (b'{"step": 0}', "step"),
        (b'{"full": true}', "full"),
        (b"\xff\xfe", "body"),
    ],
)
async def test_a_body_of_the_wrong_shape_is_no_order(body: bytes, field: str) -> None:
    """The field at fault is named; a misspelt expectedStep must not be ignored."""
    async with Office().open(checkout()) as office:
        answer = await office.ask(
            "POST", f"{SHOP}/pause", data=body, headers={"Content-Type": "application/json"}
        )

    assert (answer.status, answer.kind) == (400, "bad-request")
    errors = answer.json["errors"]
    assert isinstance(errors, list)
    assert [error["field"] for error in errors] == [field]
    assert office.record().phase is Phase.PROGRESSING


@pytest.mark.parametrize("key", ["", "x" * 129, "kéy"])
async def test_a_key_that_can_not_be_kept_is_refused(key: str) -> None:
    """Rather than taken for none: then a retry would be a second order."""
    async with Office().open(checkout()) as office:
        answer = await office.order("pause", Idempotency_Key=key)

    assert (answer.status, answer.kind) == (400, "bad-request")


async def test_a_form_of_another_type_is_refused() -> None:
    """Browsers send plain text across sites without asking first."""
    async with Office().open(checkout()) as office:
        answer = await office.ask(
            "POST", f"{SHOP}/pause", data=b"{}", headers={"Content-Type": "text/plain"}
        )

    assert (answer.status, answer.kind) == (415, "unsupported-media-type")


async def test_an_oversized_body_is_not_read() -> None:
    """64 KiB are a hundred orders."""
    async with Office().open(checkout()) as office:
        answer = await office.ask(
            "POST",
            f"{SHOP}/pause",
            data=b'{"reason": "' + b"x" * 70_000 + b'"}',
            headers={"Content-Type": "application/json"},
        )

    assert (answer.status, answer.kind) == (413, "too-large")


async def test_another_method_is_told_the_right_one() -> None:
    """An order by GET could be given by an image on a page."""
    async with Office().open(checkout()) as office:
        answer = await office.get(f"{SHOP}/pause")

    assert (answer.status, answer.kind) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"


async def test_orders_do_not_pile_up_while_the_cluster_is_away() -> None:
    """An outage of an hour, and a pipeline that tries every second."""
    office = Office(deadline=Seconds(0.05))
    async with office.open(checkout()):
        for _ in range(50):
            office.meshes.of(CHECKOUT).fail_next(Unavailable("no answer"))
        async with asyncio.TaskGroup() as group:
            sent = [group.create_task(office.order("rollback")) for _ in range(MOST_WAITING)]
        answer = await office.order("rollback")

    assert {task.result().status for task in sent} == {504}
    assert (answer.status, answer.kind) == (503, "too-many-waiting")


async def test_an_order_under_way_is_given_up_with_the_leadership() -> None:
    """Its sender hears at once that nobody here will carry it out."""
    office = Office()
    async with asyncio.TaskGroup() as group, office.open(checkout()):
        for _ in range(50):
            office.meshes.of(CHECKOUT).fail_next(Unavailable("no answer"))
        asking = group.create_task(office.order("pause"))
        rollout = office.supervisor.get(CHECKOUT)
        assert rollout is not None
        while not rollout.orders_waiting:
            await office.settle(Seconds(0.0))
        office.lose_the_lead()
        answer = await asking

    assert (answer.status, answer.kind) == (503, "given-up")
    assert "may or may not" in str(answer.json["detail"])


async def test_what_the_mesh_can_not_hold_is_not_promised() -> None:
    """No VirtualService, no record: a pause that is nowhere written is none."""
    async with Office().open(checkout()) as office:
        office.meshes.of(CHECKOUT).holds = MeshBlind(reason="There is no route.")
        answer = await office.order("pause")

    assert (answer.status, answer.kind) == (422, "does-not-fit")
    assert "There is no route." in str(answer.json["detail"])


class DeadMeter:
    """Never answers: Prometheus hangs."""

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        del targets
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    def forget(self, keys: Collection[Key]) -> None:
        del keys


class BrokenMeter(DeadMeter):
    """Fails as no meter may: the evaluation of gates is down by a bug of ours."""

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        del targets
        raise ZeroDivisionError


class DeafHerald:
    """Drops every word: Slack is gone."""

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        del plan, record, words


@pytest.mark.parametrize("meter", [DeadMeter(), BrokenMeter()])
async def test_a_rollback_needs_no_metrics_and_nobody_to_tell(meter: Meter) -> None:
    """Prometheus, Slack and the evaluation are down: that is when it is wanted."""
    office = Office(meter=meter, herald=DeafHerald())
    async with office.open(checkout()):
        await office.settle(Seconds(20.0))
        answer = await office.order("rollback")

    assert answer.status == 200
    assert office.record().phase is Phase.ABORTED
    assert office.weight() == 0


async def test_an_order_counts_though_its_sender_has_gone() -> None:
    """The page was closed right after the click; an order can't be taken back."""
    async with Office().open(checkout()) as office:
        host, port = office.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST {SHOP}/pause HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        async with asyncio.timeout(30):
            while office.record().phase is not Phase.PAUSED:
                await office.settle()

    assert office.record().phase is Phase.PAUSED
