"""What comes in a request's body, checked."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from rolloutd.api.control.models import FaultForm
from rolloutd.api.control.problems import problem

Form = TypeVar("Form", bound=BaseModel)

BODY_DEADLINE = web.AppKey("body_deadline", float)
"""Longest wait, in seconds, for a body that trickles in."""


class BadRequestError(Exception):
    """A request that nothing can be made of.

    Attributes:
        answer: What to tell its sender.
    """

    def __init__(self, answer: web.Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


async def form(request: web.Request, model: type[Form]) -> Form:
    """Read a body; an empty one is an empty object.

    Raises:
        BadRequestError: It is of another type, too slow, or not as the model says.
    """
    body = await read(request)
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        # Without the input: it may be a token.
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise bad(
            *(
                FaultForm(
                    field=".".join(map(str, fault["loc"])) or "body", message=fault["msg"]
                )
                for fault in faults
            )
        ) from None


def bad(*faults: FaultForm) -> BadRequestError:
    """Return an error that names each field at fault."""
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    return BadRequestError(problem(HTTPStatus.BAD_REQUEST, "bad-request", detail, faults))


async def read(request: web.Request) -> bytes:
    """Read a body to its end.

    Raises:
        BadRequestError: It is of another type, or too slow.
    """
    if request.can_read_body and request.content_type != "application/json":
        # Browsers send other types across sites without asking first.
        kind = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        detail = "The body has to be application/json."
        raise BadRequestError(problem(kind, "unsupported-media-type", detail))
    deadline = request.app[BODY_DEADLINE]
    try:
        async with asyncio.timeout(deadline):
            return await request.read()
    except TimeoutError:
        detail = f"The body did not come within {deadline:g} s."
        answer = problem(HTTPStatus.REQUEST_TIMEOUT, "too-slow", detail)
        answer.force_close()
        raise BadRequestError(answer) from None
