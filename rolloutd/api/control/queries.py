"""Query parameters: those that a path knows, and no others."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web

from rolloutd.api.control.bodies import bad
from rolloutd.api.control.models import FaultForm
from rolloutd.api.control.problems import Handler


def strict(handler: Handler, known: Collection[str]) -> Handler:
    """Serve only requests all of whose query parameters are known.

    Ignored, ``?phse=paused`` would list everything, and ``?dryRun=true`` keep no order back.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        unknown = sorted(set(request.query) - set(known))
        if not unknown:
            return await handler(request)
        message = f"expected one of {', '.join(known)}" if known else "this path takes none"
        return bad(*(FaultForm(field=name, message=message) for name in unknown)).answer

    return answer
