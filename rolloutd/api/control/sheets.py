"""Summaries as they go over the wire, rendered once for all who look."""

from __future__ import annotations

from collections.abc import Container

from rolloutd.api.control.states import summary
from rolloutd.core.plan import Key
from rolloutd.engine.view import View


class Sheets:
    """The JSON of each rollout's summary.

    Hundreds of rollouts are listed and told of far more often than they change, and rendering
    one takes longer than sending it. A view never changes, so what was made of the same one
    holds: nothing here has to be dropped in time.
    """

    def __init__(self) -> None:
        self._held: dict[Key, tuple[View, bytes]] = {}

    def of(self, view: View) -> bytes:
        """Return a view's summary, a JSON object."""
        held = self._held.get(view.plan.key)
        if held is not None and held[0] is view:
            return held[1]
        sheet = summary(view).model_dump_json(by_alias=True).encode()
        self._held[view.plan.key] = view, sheet
        return sheet

    def keep(self, keys: Container[Key]) -> None:
        """Forget all rollouts but these."""
        for key in [key for key in self._held if key not in keys]:
            del self._held[key]
