"""``/openapi.json``: made from the routes and the models, so it tells no other story."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import rolloutd
from rolloutd.api.control.door import CSRF
from rolloutd.api.control.models import Gone, Order, Problem, Summary, Word
from rolloutd.api.control.orders import LONGEST_KEY
from rolloutd.api.control.problems import MEDIA
from rolloutd.api.control.routes import API, LOGIN, ROUTES, Route
from rolloutd.api.control.sessions import PLAIN_NAME
from rolloutd.core.state import Phase
from rolloutd.ports import Json

PRINTABLE = "^[ -~]+$"
"""Printable ASCII."""

TEMPLATE = "#/components/schemas/{model}"


KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key twice, of the same caller and verb, is one order.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": PRINTABLE,
    },
}

CSRF_HEADER: Json = {
    "name": CSRF,
    "in": "header",
    "description": "Needed where a cookie or a proxy proves who is asking.",
    "schema": {"type": "string", "enum": ["1"]},
}

LAST_EVENT: Json = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "Give what came after this event.",
    "schema": {"type": "string"},
}


def document() -> Json:
    """Return the OpenAPI 3.1 document."""
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "rolloutd", "version": rolloutd.__version__},
        "paths": paths,
        "security": [{"token": []}, {"cookie": []}],
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": PLAIN_NAME},
            },
        },
    }


def _schemas() -> object:
    answers = [route.answer for route in ROUTES]
    sent, taken = [*answers, Problem, Summary, Gone, Word], [route.body for route in ROUTES]
    _, schema = models_json_schema(
        [
            *((model, "serialization") for model in _sorted(sent)),
            *((model, "validation") for model in _sorted(taken)),
        ],
        ref_template=TEMPLATE,
    )
    return schema["$defs"]


def _sorted(models: Iterable[type[BaseModel] | None]) -> Sequence[type[BaseModel]]:
    present = {model for model in models if model is not None}
    return sorted(present, key=lambda model: model.__name__)


def _operation(route: Route) -> Json:
    answer: Json = {"schema": _ref(route.answer.__name__)} if route.answer is not None else {}
    success: Json = {"description": route.summary}
    if route.success is not HTTPStatus.NO_CONTENT:
        success["content"] = {route.media: answer}
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route), *_in_header(route)],
        "responses": {
            str(route.success.value): success,
            **{
                str(status.value): {
                    "description": why,
                    "content": {MEDIA: {"schema": _ref(Problem.__name__)}},
                }
                for status, why in sorted(route.problems.items())
            },
        },
    }
    if route.body is not None:
        content = {"application/json": {"schema": _ref(route.body.__name__)}}
        required = not issubclass(route.body, Order)
        operation["requestBody"] = {"required": required, "content": content}
    if not route.path.startswith(API) or route.name == LOGIN:
        operation["security"] = []
    return operation


def _in_path(route: Route) -> list[Json]:
    forms: dict[str, Json] = {"run": {"type": "integer", "minimum": 1}}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": forms.get(name, {"type": "string"}),
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _in_query(route: Route) -> list[Json]:
    enums: dict[str, Json] = {
        "phase": {"type": "string", "enum": [each.value for each in Phase]}
    }
    return [
        {
            "name": name,
            "in": "query",
            "description": meaning,
            "schema": enums.get(name, {"type": "string"}),
        }
        for name, meaning in route.filters.items()
    ]


def _in_header(route: Route) -> list[Json]:
    if route.media == "text/event-stream":
        return [LAST_EVENT]
    if route.body is not None and issubclass(route.body, Order):
        return [KEY, CSRF_HEADER]
    return [CSRF_HEADER] if route.method == "DELETE" else []


def _ref(model: str) -> Json:
    return {"$ref": TEMPLATE.format(model=model)}
