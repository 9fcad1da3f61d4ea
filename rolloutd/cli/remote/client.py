"""The daemon's operations, by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

from rolloutd.cli.remote.fields import Fields
from rolloutd.cli.remote.link import PATIENCE, Answer, Link, LostError, ProblemError
from rolloutd.cli.remote.summary import Listing, Summary, read_listing, read_summary
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, Unavailable

if TYPE_CHECKING:
    from rolloutd.cli.remote.events import News
    from rolloutd.cli.remote.forms import Full
    from rolloutd.cli.remote.trend import Trends

ROLLOUTS: Final = "/api/v1/rollouts"
EVENTS: Final = "/api/v1/events"

TRIES: Final = 4
"""How often an order is sent whose answer did not come."""

BETWEEN: Final = Seconds(2.0)
"""Wait between two tries."""

PASSING: Final = frozenset(
    {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)
"""Statuses that pass: another replica takes the lead within seconds."""


class Named(NamedTuple):
    """Which rollout."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def options(self) -> str:
        """How commands are told of it."""
        return f"{self.name} -n {self.namespace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of a rollout.

    Attributes:
        expected_step: The step it was at when we looked; ``None`` for any.
        full: Of a promotion: all the way.
    """

    verb: str
    reason: str = ""
    expected_step: int | None = None
    full: bool = False

    def body(self) -> dict[str, object]:
        """Return what is sent."""
        body: dict[str, object] = {"reason": self.reason}
        if self.expected_step is not None:
            body["expectedStep"] = self.expected_step
        return body | {"full": True} if self.full else body


class Client:
    """Asks and orders.

    Args:
        rest: Waits so long, between tries.
    """

    def __init__(self, link: Link, rest: Callable[[Seconds], None]) -> None:
        self.link = link
        self._rest = rest

    def rollouts(self, namespace: str | None = None, phase: str | None = None) -> Listing:
        """Return all of them, or those of a namespace or in a phase.

        Raises:
            Unavailable: No answer that makes sense.
            Refused: The daemon said no.
        """
        asked = {"namespace": namespace, "phase": phase}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        answer = self.link.ask("GET", f"{ROLLOUTS}?{query}" if query else ROLLOUTS)
        return read_listing(answer.form, answer.told)

    def rollout(self, named: Named, patience: Seconds = PATIENCE) -> Full:
        """Return everything about one; an answer is waited for no longer than ``patience``.

        Raises:
            Unavailable: No answer that makes sense.
            Refused: The daemon said no; where there is none of the name, with what is near.
        """
        return _full(self.form(named, patience))

    def form(self, named: Named, patience: Seconds = PATIENCE) -> Answer:
        """Return the same as it came, for those who need less of it.

        Raises:
            Unavailable: No answer that makes sense.
            Refused: The daemon said no; where there is none of the name, with what is near.
        """
        try:
            return self.link.ask("GET", _path(named), patience=patience)
        except ProblemError as error:
            raise self._explained(named, error) from error

    def trends(self, named: Named, run: int | None) -> Trends:
        """Return how the values of the present run, or the last one, went.

        Raises:
            Unavailable: No answer that makes sense.
            Refused: The daemon said no.
        """
        from rolloutd.cli.remote.trend import read_trends  # noqa: PLC0415 - for who watches

        return read_trends(self.link.ask("GET", f"{_path(named)}/series").form, run)

    def order(self, named: Named, order: Order) -> Full:
        """Give an order, once, however often it has to be sent, and return how things stand.

        Raises:
            Unavailable: No answer that makes sense: it may or may not be carried out.
            Refused: It was declined.
        """
        key = os.urandom(16).hex()
        tries = 1
        while True:
            try:
                return self._ordered(named, order, key)
            except ProblemError as error:
                if error.status not in PASSING or tries == TRIES:
                    raise self._explained(named, error) from error
            except LostError:
                if tries == TRIES:
                    raise
            tries += 1
            self._rest(BETWEEN)

    @contextmanager
    def news(self, last: str | None) -> Iterator[Iterator[News]]:
        """Follow what happens, from after the news of this id on.

        Raises:
            Unavailable: No answer, or the stream broke off, or fell silent.
            Refused: The daemon said no.
        """
        from rolloutd.cli.remote.events import read_news  # noqa: PLC0415 - for who waits

        headers = {} if last is None else {"Last-Event-ID": last}
        with self.link.listen(EVENTS, headers) as lines:
            yield read_news(lines)

    def _ordered(self, named: Named, order: Order, key: str) -> Full:
        path, headers = f"{_path(named)}/{order.verb}", {"Idempotency-Key": key}
        return _full(self.link.ask("POST", path, order.body(), headers))

    def _explained(self, named: Named, error: ProblemError) -> Refused:
        match error.status:
            case HTTPStatus.NOT_FOUND if error.kind == "no-such-rollout":
                return Refused(f"{error.detail} {self._near(named)}")
            case HTTPStatus.CONFLICT:
                again = f"`rolloutd get {named.options}` shows it; then order again."
                return Refused(f"Not done. {error.detail} {self._whereabouts(named)}{again}")
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                why = f"`rolloutd explain {named.options}` says what it is doing."
                return Refused(f"Not done. {error.detail} {why}")
            case _:
                return error

    def _near(self, named: Named) -> str:
        """Say what may have been meant."""
        import difflib  # noqa: PLC0415 - for mistakes alone

        try:
            items = self.rollouts().items
        except (Unavailable, Refused):
            return "`rolloutd get -A` lists them."
        known = [Named(item.namespace, item.name) for item in items]
        meant = [each for each in known if each.name == named.name]
        if not meant:
            names = difflib.get_close_matches(named.name, [each.name for each in known], n=1)
            meant = [each for each in known if each.name in names]
        if meant:
            return f"Did you mean {' or '.join(each.options for each in meant)}?"
        return "There are no rollouts." if not known else "`rolloutd get -A` lists them."

    def _whereabouts(self, named: Named) -> str:
        """Say at which step a rollout is, as lists count it, too."""
        try:
            now = _summary(self.form(named))
        except (Unavailable, Refused):
            return ""
        if now.step is None or now.desired is None:
            return ""
        shown = f"{now.step + 1}/{now.step_count}"
        return f"Steps count from 0: this is {now.desired} %, step {shown} as lists show it. "


def _full(answer: Answer) -> Full:
    from rolloutd.cli.remote.forms import read_full  # noqa: PLC0415 - 20 ms, not for lists

    return read_full(answer.form, answer.told)


def _summary(answer: Answer) -> Summary:
    return read_summary(Fields(answer.form))


def _path(named: Named) -> str:
    return f"{ROLLOUTS}/{quote(named.namespace, safe='')}/{quote(named.name, safe='')}"
