"""Gates: counts in, a verdict with its evidence out.

Six functions and a value are all that others need: ``seat`` a ``Jury``, let it ``hear``
samples, ask for its ``verdicts``; ``to_json`` and ``from_json`` carry it over a restart,
``revise`` over an edit of the plan.
"""

from __future__ import annotations

from rolloutd.core.gate.jury import Jury, from_json, hear, revise, seat, to_json, verdicts

__all__ = ["Jury", "from_json", "hear", "revise", "seat", "to_json", "verdicts"]
