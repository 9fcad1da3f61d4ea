"""What can go wrong, named for what the daemon does next.

The engine reacts to the *branch*, never to the leaf:

* ``PlanError``: the author must edit the plan; report it, never retry.
* ``Unavailable``: a dependency is away; hold the present weights and try again. After a write
  the answer is unknown: it may or may not have happened, so read before writing again.
* ``Conflict``: the world moved under us; read again, decide again, at once.
* ``Refused``: the server understood us and said no; say so and wait for a person.
"""

from __future__ import annotations


class RolloutdError(Exception):
    """Root: catching this catches us and nothing else."""


class PlanError(RolloutdError):
    """A plan is not usable.

    Attributes:
        path: Where in the document, e.g. ``spec.steps[2].weight``.
        reason: What is wrong and what would be right, in a full sentence.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class Unavailable(RolloutdError):  # noqa: N818 - a state of the world, not a fault of ours
    """A dependency did not answer in time, or not with sense."""


class Conflict(RolloutdError):  # noqa: N818 - see above
    """What we read is no longer what is there (HTTP 409, or 422 from a failed ``test``)."""


class Refused(RolloutdError):  # noqa: N818 - see above
    """A server answered, and the answer was no."""
