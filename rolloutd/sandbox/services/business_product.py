"""``business-product``: a caller with one long-lived connection."""

from __future__ import annotations

import grpc.aio

from rolloutd.core.units import Seconds
from rolloutd.ports import Clock
from rolloutd.sandbox.envoy.routes import CLUSTER_HEADER
from rolloutd.sandbox.services.ledger import NOWHERE, Call
from rolloutd.sandbox.services.rpc import METHOD, POD_HEADER, SERVICE, Answer, header

_TIMEOUT = Seconds(5.0)

# Channels of one process to one address share a connection unless told otherwise.
_OPTIONS = [("grpc.use_local_subchannel_pool", 1)]


class BusinessProduct:
    """One pod.

    Args:
        name: Pod name.
        address: Envoy's, ``HOST:PORT``.
        clock: Dates the calls.
    """

    def __init__(self, name: str, address: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        self._get = self._channel.unary_unary(f"/{SERVICE}/{METHOD}")

    async def call(self) -> Call:
        """Make one call; an error is a result too."""
        start = self._clock.now()
        try:
            answer, status = Answer.decode(await self._get(b"", timeout=_TIMEOUT)), 0
        except grpc.aio.AioRpcError as error:
            answer, status = _blamed(error), error.code().value[0]
        return Call(
            caller=self._name,
            start=start,
            end=self._clock.now(),
            version=answer.version,
            pod=answer.pod,
            status=status,
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()


def _blamed(error: grpc.aio.AioRpcError) -> Answer:
    """Return who gave an error: Envoy names the cluster always, a pod names itself."""
    metadata = (*(error.initial_metadata() or ()), *(error.trailing_metadata() or ()))
    cluster = header(metadata, CLUSTER_HEADER).split("|")
    version = cluster[2] if len(cluster) == 4 else NOWHERE
    return Answer(version=version, pod=header(metadata, POD_HEADER) or NOWHERE)
