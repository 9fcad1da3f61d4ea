"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure, bad_request, misfit


def merge_patch(target: object, change: object) -> object:
    """Return ``target`` with a merge patch applied; neither argument is changed."""
    if not isinstance(change, dict):
        return change
    merged: Json = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(document: Json, operations: object) -> Json:
    """Return a copy of ``document`` with all operations carried out, in order.

    Raises:
        ApiFailure: 422 without details where a ``test`` fails or a path leads nowhere; 400
            where it is no JSON patch at all.
    """
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    holder: Json = {"": copy.deepcopy(document)}
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request("an operation of a JSON patch is an object")
        _carry_out(holder, operation)
    patched = holder[""]
    if not isinstance(patched, dict):
        raise misfit("the patch leaves no object")
    return patched


def _carry_out(holder: Json, operation: Json) -> None:
    path = _tokens(operation, "path")
    match operation.get("op"):
        case "test":
            if not _is_equal(_find(holder, path), _value(operation)):
                raise misfit(f"testing value {operation['path']} failed")
        case "add":
            _add(holder, path, _value(operation))
        case "remove":
            _remove(holder, path)
        case "replace":
            _find(holder, path)
            _set(holder, path, _value(operation))
        case "copy":
            _add(holder, path, copy.deepcopy(_find(holder, _tokens(operation, "from"))))
        case "move":
            source = _tokens(operation, "from")
            value = _find(holder, source)
            _remove(holder, source)
            _add(holder, path, value)
        case other:
            raise bad_request(f"{other} is not an operation of a JSON patch")


def _tokens(operation: Json, field: str) -> list[str]:
    """Return the steps of a JSON pointer, the holder's own key first."""
    pointer = operation.get(field)
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise bad_request(f"a JSON patch needs a JSON pointer as {field}")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def _value(operation: Json) -> object:
    if "value" not in operation:
        raise bad_request(f"the operation {operation.get('op')} needs a value")
    return copy.deepcopy(operation["value"])


def _find(root: object, path: Sequence[str]) -> object:
    for step in path:
        if isinstance(root, dict) and step in root:
            root = root[step]
        elif isinstance(root, list):
            root = root[_index(step, len(root) - 1)]
        else:
            raise _nowhere(path)
    return root


def _add(root: object, path: Sequence[str], value: object) -> None:
    parent, last = _find(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent)), value)
    else:
        _put(parent, path, value)


def _set(root: object, path: Sequence[str], value: object) -> None:
    parent, last = _find(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent[_index(last, len(parent) - 1)] = value
    else:
        _put(parent, path, value)


def _put(parent: object, path: Sequence[str], value: object) -> None:
    if not isinstance(parent, dict):
        raise _nowhere(path)
    parent[path[-1]] = value


def _remove(root: object, path: Sequence[str]) -> None:
    _find(root, path)
    parent, last = _find(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        del parent[_index(last, len(parent) - 1)]
    elif isinstance(parent, dict):
        del parent[last]


def _index(step: str, largest: int) -> int:
    """Read an array index: decimal, and without leading zeros."""
    is_number = step.isascii() and step.isdigit() and (step == "0" or step[0] != "0")
    if not is_number or int(step) > largest:
        raise misfit(f"{step} is not an index of the array")
    return int(step)


def _nowhere(path: Sequence[str]) -> ApiFailure:
    return misfit(f"the path {'/'.join(path)} does not exist")


def _is_equal(left: object, right: object) -> bool:
    """Compare as JSON does: ``true`` is not ``1``, at any depth."""
    if isinstance(left, dict) and isinstance(right, dict):
        same_keys = left.keys() == right.keys()
        return same_keys and all(_is_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        same_length = len(left) == len(right)
        return same_length and all(map(_is_equal, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right
