"""As much of RFC 6902 as our patches use, strict where the API server is."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from rolloutd.errors import Conflict, Refused
from rolloutd.ports import Json


def apply(document: Json, operations: Sequence[Json]) -> Json:
    """Return a patched copy.

    Raises:
        Conflict: A ``test`` failed.
        Refused: An operation does not fit the document.
    """
    patched = copy.deepcopy(document)
    for operation in operations:
        _perform(patched, operation)
    return patched


def _perform(document: Json, operation: Json) -> None:
    *parents, last = _tokens(operation["path"])
    node: object = document
    for token in parents:
        node = _child(node, token)
    match operation["op"]:
        case "test":
            if _child(node, last) != operation["value"]:
                raise Conflict(f"test failed: {operation}")
        case "replace":
            _child(node, last)
            _put(node, last, operation["value"], insert=False)
        case "add":
            _put(node, last, operation["value"], insert=True)
        case other:
            raise Refused(f"operation {other!r} is not one of ours")


def _tokens(path: object) -> list[str]:
    assert isinstance(path, str)
    assert path.startswith("/")
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")]


def _child(node: object, token: str) -> object:
    if isinstance(node, dict) and token in node:
        return node[token]
    if isinstance(node, list) and token.isdigit() and int(token) < len(node):
        return node[int(token)]
    raise Refused(f"nothing at {token!r}")


def _put(node: object, token: str, value: object, *, insert: bool) -> None:
    if isinstance(node, dict):
        node[token] = copy.deepcopy(value)
    elif isinstance(node, list) and insert and int(token) <= len(node):
        node.insert(int(token), copy.deepcopy(value))
    elif isinstance(node, list) and int(token) < len(node):
        node[int(token)] = copy.deepcopy(value)
    else:
        raise Refused(f"cannot put at {token!r}")
