"""Reads the queries of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rolloutd.core.units import Seconds
from rolloutd.sandbox.kubernetes.failures import bad_request
from rolloutd.sandbox.kubernetes.selectors import (
    Selector,
    both,
    field_selector,
    label_selector,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What of a collection is asked for.

    Attributes:
        version: The resourceVersion to begin at; empty for the present.
        limit: Objects on a page; 0 for all.
        continued: Token of the page to go on with; empty for the first.
        is_watch: Follow instead of list.
        starts_with_state: Begin a watch with all that is there.
        wants_bookmarks: Tell the version from time to time.
        timeout: How long to follow; ``None`` leaves it to the server.
    """

    selector: Selector
    version: str
    limit: int
    continued: str
    is_watch: bool
    starts_with_state: bool
    wants_bookmarks: bool
    timeout: Seconds | None


def list_query(query: Mapping[str, str]) -> ListQuery:
    """Read the query of a list or a watch.

    Raises:
        ApiFailure: 400: a selector or a number cannot be read.
    """
    timeout = number(query, "timeoutSeconds")
    return ListQuery(
        selector=both(
            label_selector(query.get("labelSelector", "")),
            field_selector(query.get("fieldSelector", "")),
        ),
        version=str(number(query, "resourceVersion") or ""),
        limit=number(query, "limit"),
        continued=query.get("continue", ""),
        is_watch=is_set(query, "watch"),
        starts_with_state=is_set(query, "sendInitialEvents"),
        wants_bookmarks=is_set(query, "allowWatchBookmarks"),
        timeout=Seconds(float(timeout)) if timeout else None,
    )


def is_set(query: Mapping[str, str], name: str) -> bool:
    """Say whether a flag is set. Clients write ``true``, ``True`` and ``1``."""
    return query.get(name, "false").lower() not in {"false", "0"}


def is_dry_run(query: Mapping[str, str]) -> bool:
    """Say whether nothing is to be stored."""
    return query.get("dryRun") == "All"


def number(query: Mapping[str, str], name: str) -> int:
    """Return a number of the query; 0 when it is not there.

    Raises:
        ApiFailure: 400: it is no number.
    """
    written = query.get(name) or "0"
    if not (written.isascii() and written.isdigit()):
        raise bad_request(f"{name}: {written} is not a number")
    return int(written)
