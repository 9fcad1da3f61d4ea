"""``data-product``: a server that says who it is, or fails as told."""

from __future__ import annotations

import random

import grpc.aio

from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock
from rolloutd.sandbox.envoy.layout import Address
from rolloutd.sandbox.services.faults import Switchboard
from rolloutd.sandbox.services.rpc import METHOD, POD_HEADER, SERVICE, STATUSES, Answer

_HOST = "127.0.0.1"
_GRACE = Seconds(2.0)
_MEDIAN = Seconds(0.004)
_SPREAD = 0.35
"""Sigma of the logarithm: p99 is some 2.3 times the median, as of a service in good health."""


class DataProduct:
    """One pod: a server on a port of its own.

    Args:
        answer: Who it is.
        faults: What it suffers.
        clock: Takes the time that work takes.
        chance: Varies that time.
    """

    def __init__(
        self, answer: Answer, faults: Switchboard, clock: Clock, chance: random.Random
    ) -> None:
        self._answer = answer
        self._faults = faults
        self._clock = clock
        self._chance = chance
        self._server: grpc.aio.Server | None = None
        self._port = 0

    @property
    def address(self) -> Address:
        """Where it listens, or listened until it crashed."""
        return Address(host=_HOST, port=self._port)

    async def start(self) -> None:
        """Listen: on a free port at first, on the same one after a crash. Safe to repeat.

        Raises:
            Unavailable: The port is taken.
        """
        if self._server:
            return
        # Without it, several servers may share a port and a taken one goes unnoticed.
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        work = grpc.unary_unary_rpc_method_handler(self._work)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {METHOD: work}),)
        )
        try:
            self._port = server.add_insecure_port(f"{_HOST}:{self._port}")
        except RuntimeError as error:
            raise Unavailable(f"Pod {self._answer.pod} cannot listen: {error}") from error
        await server.start()
        self._server = server

    async def crash(self) -> None:
        """Cut off all calls and close the port. Safe to repeat."""
        await self._stop(None)

    async def drain(self) -> None:
        """Close the port; end when the calls in progress have. Safe to repeat."""
        await self._stop(_GRACE)

    async def _stop(self, grace: Seconds | None) -> None:
        if self._server:
            server, self._server = self._server, None
            await server.stop(grace)

    async def _work(self, _: bytes, context: grpc.aio.ServicerContext) -> bytes:
        fate = self._faults.fate(self._answer.version)
        usual = _MEDIAN * self._chance.lognormvariate(0.0, _SPREAD)
        await self._clock.sleep(Seconds(usual + fate.added / 1000.0))
        if fate.status:
            await context.abort(
                STATUSES[fate.status],
                "broken on purpose",
                trailing_metadata=((POD_HEADER, self._answer.pod),),
            )
        return self._answer.encode()
