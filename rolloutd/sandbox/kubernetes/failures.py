"""How the API server says no, in the words of a real one."""

from __future__ import annotations

from http import HTTPStatus

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.refs import Ref

EXPIRED = "Expired"


class ApiFailure(Exception):  # noqa: N818 - an answer to the client, not a fault of ours
    """A request that is answered with a ``Status`` object.

    Attributes:
        code: HTTP status.
        reason: Kubernetes' word for it, e.g. ``NotFound``.
        message: For people.
        details: Machine-readable: the object's name, or causes.
    """

    def __init__(
        self, code: HTTPStatus, reason: str, message: str, details: Json | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> Json:
        """Return the object that the client gets."""
        details: Json = {} if self.details is None else {"details": self.details}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **details,
            "code": int(self.code),
        }


def not_found(ref: Ref) -> ApiFailure:
    """There is no such object."""
    message = f'{ref.resource.full_name} "{ref.name}" not found'
    return ApiFailure(HTTPStatus.NOT_FOUND, "NotFound", message, ref.details)


def not_served() -> ApiFailure:
    """There is no such path."""
    message = "the server could not find the requested resource"
    return ApiFailure(HTTPStatus.NOT_FOUND, "NotFound", message)


def not_allowed() -> ApiFailure:
    """The path exists, yet not for this method."""
    message = "the server does not allow this method on the requested resource"
    return ApiFailure(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)


def already_exists(ref: Ref) -> ApiFailure:
    """The name is taken."""
    message = f'{ref.resource.full_name} "{ref.name}" already exists'
    return ApiFailure(HTTPStatus.CONFLICT, "AlreadyExists", message, ref.details)


def modified(ref: Ref) -> ApiFailure:
    """Somebody wrote since the client read."""
    message = (
        f'Operation cannot be fulfilled on {ref.resource.full_name} "{ref.name}": the object '
        "has been modified; please apply your changes to the latest version and try again"
    )
    return ApiFailure(HTTPStatus.CONFLICT, "Conflict", message, ref.details)


def precondition_failed(ref: Ref, field: str, asked: object, held: object) -> ApiFailure:
    """The client meant another object, or another version of it."""
    message = (
        f'Operation cannot be fulfilled on {ref.resource.full_name} "{ref.name}": Precondition '
        f"failed: {field} in precondition: {asked}, {field} in object meta: {held}"
    )
    return ApiFailure(HTTPStatus.CONFLICT, "Conflict", message, ref.details)


def too_old(version: str, oldest: int) -> ApiFailure:
    """What happened since is no longer known: list again."""
    message = f"too old resource version: {version} ({oldest})"
    return ApiFailure(HTTPStatus.GONE, EXPIRED, message)


def bad_request(message: str) -> ApiFailure:
    """The request makes no sense."""
    return ApiFailure(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def denied(webhook: str, why: str) -> ApiFailure:
    """An admission webhook said no; API servers give no reason of their own then."""
    message = f'admission webhook "{webhook}" denied the request: {why}'
    return ApiFailure(HTTPStatus.BAD_REQUEST, "", message)


def forbidden(what: str) -> ApiFailure:
    """The authorizer said no; ``what`` is the verb and the resource."""
    return ApiFailure(HTTPStatus.FORBIDDEN, "Forbidden", f"forbidden: {what}")


def misfit(message: str) -> ApiFailure:
    """A JSON patch does not fit the object. Without details: that is how clients tell."""
    said = f"the server rejected our request due to an error in our request: {message}"
    return ApiFailure(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", said)


def invalid(ref: Ref, field: str, message: str) -> ApiFailure:
    """A field has a value that it must not have."""
    said = f'{ref.resource.kind} "{ref.name}" is invalid: {field}: {message}'
    cause: Json = {"reason": "FieldValueInvalid", "message": message, "field": field}
    details = {**ref.details, "causes": [cause]}
    return ApiFailure(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", said, details)


def unsupported(message: str) -> ApiFailure:
    """The body is in a format that is not read here."""
    return ApiFailure(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
