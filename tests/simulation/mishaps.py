"""What happens at moments: processes die, people interfere, GitOps insists."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rolloutd.adapters.istio import annotations as ours
from rolloutd.core.observation import CommandKind
from tests.simulation.cluster import CANARY, PRIMARY, SECONDARY, STABLE
from tests.simulation.host import Host
from tests.simulation.link import Taps
from tests.simulation.plans import with_next_canary, with_other_stairs
from tests.simulation.replica import Plans
from tests.simulation.scenario import Mishap
from tests.simulation.stage import Stage


def befall(stage: Stage, mishap: Mishap) -> None:
    """Let something happen now; what must be put right again is, after a while.

    It is counted if it befell anybody: the dead are not killed again.
    """
    stage.trace.say("MISHAP", mishap.value)
    if _BEFALL[mishap](stage):
        stage.weather.count(mishap.value)


def _victim(stage: Stage) -> Host:
    """Return the leader, more often than not."""
    leading = [host for host in stage.hosts if host.leads]
    if leading and stage.chance.random() < 0.7:
        return leading[0]
    return stage.chance.choice(stage.hosts)


def _crash(stage: Stage) -> bool:
    host = _victim(stage)
    happens = host.is_up
    host.kill()
    stage.later(stage.chance.uniform(0.5, 20.0), stage.reboot, host)
    return happens


def _crash_in_write(stage: Stage) -> bool:
    host, left = _victim(stage), stage.chance.randrange(1, 4)
    after, pause = stage.chance.random() < 0.5, stage.chance.uniform(0.5, 20.0)

    def count(path: str) -> None:
        nonlocal left
        if "/leases/" in path and stage.chance.random() < 0.8:
            return
        left -= 1
        if left == 0:
            stage.trace.say(host.name, f"is killed {'after' if after else 'before'} {path}")
            stage.weather.count(Mishap.CRASH_IN_WRITE.value)
            host.kill()
            stage.later(pause, stage.reboot, host)

    if after:
        host.taps.after_commit = count
    else:
        host.taps.before_commit = count
    return False  # counted when it comes to pass


def _stop(stage: Stage) -> bool:
    host = _victim(stage)
    happens = host.is_up
    host.stop()
    stage.later(stage.chance.uniform(11.0, 15.0), stage.reboot, host)
    return happens


def _freeze(stage: Stage) -> bool:
    host = _victim(stage)
    host.freeze()
    stage.later(stage.chance.uniform(5.0, 40.0), host.thaw)
    return host.is_up


def _hiccup(stage: Stage) -> bool:
    host = _victim(stage)
    host.freeze()
    stage.later(stage.chance.uniform(0.1, 3.0), host.thaw)
    return host.is_up


def _partition(stage: Stage) -> bool:
    host = _victim(stage)
    host.cut(is_cut=True)
    stage.later(stage.chance.uniform(2.0, 40.0), lambda: host.cut(is_cut=False))
    return host.is_up


def _step_clock(stage: Stage) -> bool:
    host = stage.chance.choice(stage.hosts)
    if host.process is not None:
        host.process.clock.set_wall(by=stage.chance.uniform(-3600.0, 3600.0))
    return host.is_up


def _write_foreign_weights(stage: Stage) -> bool:
    name = stage.chance.choice((PRIMARY, PRIMARY, SECONDARY))
    for _ in range(stage.chance.choice((1, 1, 2, 6))):
        share = stage.chance.choice((0, 33, 100))
        delay = stage.chance.uniform(0.0, 8.0)
        stage.later(delay, stage.cluster.write_weights, name, share)
    return True


def _reapply(stage: Stage) -> bool:
    for name in (PRIMARY, SECONDARY):
        stage.cluster.write_weights(name, 0)
    return True


def _recreate(stage: Stage) -> bool:
    if stage.cluster.virtual_service(PRIMARY) is None:
        return False
    stage.cluster.remove(PRIMARY)
    stage.audit.recreated()
    stage.later(stage.chance.uniform(0.0, 6.0), restore, stage)
    return True


def restore(stage: Stage) -> None:
    """Create the VirtualService where it is not there."""
    if stage.cluster.virtual_service(PRIMARY) is None:
        stage.cluster.install(PRIMARY)


def _hold_off(stage: Stage) -> bool:
    stage.cluster.annotate(PRIMARY, ours.PAUSE, "an audit")
    delay = stage.chance.uniform(4.0, 20.0)
    stage.later(delay, stage.cluster.annotate, PRIMARY, ours.PAUSE, None)
    return True


def _churn(stage: Stage) -> bool:
    stage.cluster.churn(stage.chance.choice((STABLE, CANARY)))
    return True


def _compact(stage: Stage) -> bool:
    stage.cluster.store.history.forget()
    return True


def _restart_server(stage: Stage) -> bool:
    stage.cluster.chronicle.restart()
    return True


def _delete_lease(stage: Stage) -> bool:
    return stage.delete_lease()


def _ask_pause(stage: Stage) -> bool:
    is_given = stage.order(CommandKind.PAUSE)
    if stage.chance.random() < 0.7:
        stage.later(stage.chance.uniform(3.0, 25.0), stage.order, CommandKind.RESUME)
    return is_given


def _asking(kind: CommandKind) -> Callable[[Stage], bool]:
    def ask(stage: Stage) -> bool:
        # Who hurries a broken canary on gets what was asked for: nothing to learn.
        if kind is CommandKind.SKIP and stage.scenario.broken:
            return False
        return stage.order(kind)

    return ask


def _edition(stage: Stage) -> int:
    return len(stage.audit.licence.plans)


def _edit(stage: Stage) -> bool:
    plan = with_other_stairs(stage.plan, stage.chance, _edition(stage))
    stage.publish(plan, late=stage.chance.uniform(0.0, 5.0))
    return True


def _break_plan(stage: Stage) -> bool:
    """Whoever has read it keeps the last good one; whoever starts now has none."""
    good, complaint = {stage.plan.key: stage.plan}, ("shop.yaml:3:1: unknown field",)
    stage.show(Plans(plans=good, complaints=complaint))
    stage.present = Plans(plans={}, complaints=complaint)
    stage.later(stage.chance.uniform(3.0, 15.0), put_back, stage)
    return True


def _remove_plan(stage: Stage) -> bool:
    stage.show(Plans(plans={}), late=2.0)
    stage.later(stage.chance.uniform(3.0, 15.0), put_back, stage)
    return True


def put_back(stage: Stage) -> None:
    """Let the directory hold the plan in its last edition."""
    stage.show(Plans(plans={stage.plan.key: stage.plan}))


def _name_next_canary(stage: Stage) -> bool:
    plan = with_next_canary(stage.plan, _edition(stage))
    stage.publish(plan, late=stage.chance.uniform(0.0, 5.0))
    return True


_BEFALL: Mapping[Mishap, Callable[[Stage], bool]] = {
    Mishap.CRASH: _crash,
    Mishap.CRASH_IN_WRITE: _crash_in_write,
    Mishap.STOP: _stop,
    Mishap.FREEZE: _freeze,
    Mishap.HICCUP: _hiccup,
    Mishap.PARTITION: _partition,
    Mishap.CLOCK_STEP: _step_clock,
    Mishap.FOREIGN_WEIGHTS: _write_foreign_weights,
    Mishap.GITOPS: _reapply,
    Mishap.RECREATED: _recreate,
    Mishap.HANDS_OFF: _hold_off,
    Mishap.PODS: _churn,
    Mishap.HISTORY: _compact,
    Mishap.WATCHES: _restart_server,
    Mishap.LEASE_DELETED: _delete_lease,
    Mishap.PAUSE: _ask_pause,
    Mishap.SKIP: _asking(CommandKind.SKIP),
    Mishap.ROLLBACK: _asking(CommandKind.ROLLBACK),
    Mishap.RETRY: _asking(CommandKind.RETRY),
    Mishap.EDIT: _edit,
    Mishap.BAD_EDIT: _break_plan,
    Mishap.REMOVAL: _remove_plan,
    Mishap.NEXT_CANARY: _name_next_canary,
}


def heal(stage: Stage) -> None:
    """Put everything right that was put wrong, but for what the daemon has to."""
    stage.weather.is_calm = True
    for host in stage.hosts:
        host.taps.before_commit = Taps().before_commit
        host.taps.after_commit = Taps().after_commit
        host.thaw()
        host.cut(is_cut=False)
        stage.reboot(host)
    restore(stage)
    stage.cluster.annotate(PRIMARY, ours.PAUSE, None)
    put_back(stage)
