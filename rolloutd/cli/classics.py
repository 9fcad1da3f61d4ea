"""What Flagger's and Argo Rollouts' default rules do on the same counts, to compare with.

Both look at the canary's success ratio over the last minute. Flagger counts failed checks, one
a minute, and never takes one back; after five it rolls back at the start of the next. Argo
aborts at the first failed measurement. No requests are a failure to both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rolloutd.core.gate.spans import Span, canary_total, extended, span_of
from rolloutd.core.observation import Sample
from rolloutd.core.units import Instant, Seconds

MINUTE: Final = Seconds(60.0)

FLAGGER_LIMIT: Final = 5


def flagger(samples: Iterable[Sample], threshold: float) -> Instant | None:
    """Return when Flagger would roll back; ``None`` when it would not.

    Args:
        samples: Oldest first.
        threshold: Success ratio below which a check fails.
    """
    failed = 0
    for at, good in _checks(samples, threshold):
        if failed >= FLAGGER_LIMIT:
            return at
        failed += not good
    return None


def argo(samples: Iterable[Sample], threshold: float) -> Instant | None:
    """Return when Argo Rollouts would abort; ``None`` when it would not."""
    return next((at for at, good in _checks(samples, threshold) if not good), None)


def _checks(samples: Iterable[Sample], threshold: float) -> Iterable[tuple[Instant, bool]]:
    spans: tuple[Span, ...] = ()
    due: float | None = None
    for sample in samples:
        due = sample.start + MINUTE if due is None else due
        spans = extended(spans, span_of(sample), MINUTE)
        if sample.end < due:
            continue
        due += MINUTE
        canary = canary_total(spans)
        good = canary.requests > 0 and 1.0 - canary.failures / canary.requests >= threshold
        yield sample.end, good
