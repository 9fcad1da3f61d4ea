"""The numbers of the Kubernetes adapter, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.core.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """How one request to the API server behaves."""

    deadline: Seconds = Seconds(5.0)
    """A whole call, waits for Retry-After included. Half of the lease's renew deadline, so
    that a write that begins with that much validity left ends before another leads."""

    page_deadline: Seconds = Seconds(30.0)
    """One page of a list: the server may have to read it all from etcd."""

    connect: Seconds = Seconds(3.0)
    """TCP and TLS. Longer than one lost SYN (1 s), shorter than ``deadline``."""

    attempts: int = 4
    """Tries of one call while the server answers 429 or 503 with Retry-After."""

    page_size: int = 500
    """Objects per page of a list, as client-go and kubectl ask for."""

    body_limit: int = 32 * 1024 * 1024
    """Largest answer and longest line of a watch that is read into memory, in bytes. etcd holds
    objects of at most 1.5 MiB; a page of 500 Deployments takes about 5 MiB."""

    watch_timeout: Seconds = Seconds(300.0)
    """How long the server is asked to keep a watch, times a random 1..2: client-go's 5 to
    10 minutes, so that a restarted server is not met by all watches at once."""

    connections: int = 32
    """Requests under way at once. Watches do not count: each has a connection of its own."""

    trust_env: bool = False
    """Obey HTTP_PROXY and .netrc. Off, because it costs two hops through a thread pool per
    request, 3.3 times the time; a proxy in the kubeconfig works without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """How a reflector bears trouble."""

    idle: Seconds = Seconds(90.0)
    """Silence after which a watch is given up. API servers send a bookmark every minute or
    so; a needless reconnect costs one request and loses nothing."""

    list_deadline: Seconds = Seconds(120.0)
    """All pages of a list."""

    backoff_first: Seconds = Seconds(0.2)
    """Upper end of the first random wait; it doubles with every failure in a row."""

    backoff_limit: Seconds = Seconds(10.0)
    """Upper end of any wait. client-go waits up to 30 s, but it does not have to see a
    person's pause within seconds of the API server's return."""

    relist: Seconds = Seconds(600.0)
    """How long a list is built upon before the next, at the end of a watch. An event that a
    server or a proxy lost is made good by it; nothing else would tell of it."""

    settled: Seconds = Seconds(5.0)
    """A watch that lived this long worked, even when nothing happened in it."""

    rewinds: int = 3
    """Lists older than what was already seen that are taken for a lagging server. One more,
    and the history itself has gone back: etcd was restored from a backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """Who leads, and for how long: client-go's numbers for controllers.

    Raises:
        ValueError: The times do not leave room for one another.
    """

    duration: Seconds = Seconds(15.0)
    """How long others wait after the last renewal they saw."""

    renew_deadline: Seconds = Seconds(10.0)
    """How long after the last renewal we lead. The gap to ``duration`` bears clocks that tick
    at different rates, and the unwinding of what we lead."""

    retry: Seconds = Seconds(2.0)
    """Time between renewals, and between looks of a candidate; times a random 1..1.2."""

    retry_failed: Seconds = Seconds(0.5)
    """Time to the next attempt after a renewal that failed. At ``retry`` the last attempt
    could fall 2 s before the end, and a restart of the API server would cost the lease."""

    step_down: Seconds = Seconds(1.0)
    """How long before the end of validity the leading work is cancelled."""

    request: Seconds = Seconds(3.0)
    """Longest wait for one renewal: a hanging request must leave time for another."""

    release: Seconds = Seconds(2.0)
    """Longest wait for giving the lease back on stop."""

    def __post_init__(self) -> None:
        if not self.duration > self.renew_deadline > 1.2 * self.retry + self.step_down:
            raise ValueError("a lease needs duration > renew deadline > retry + step down")
