"""The user's absolute limit."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.limits import Beyond, limit, objection, room_of, unheard, weighed
from rolloutd.core.gate.standing import Finding
from rolloutd.core.gate.stream import Totals
from rolloutd.core.observation import Ruling

ASKED = limit(0.01, 1e-3)
CAP = 3.0


def heard(counts: Totals, times: int, excess: float = 0.0) -> Beyond:
    beyond = unheard()
    for _ in range(times):
        beyond = weighed(beyond, ASKED, counts, excess, CAP)
    return beyond


def ruling(counts: Totals, *, worse: bool = True, times: int = 20) -> Ruling | None:
    found = objection(heard(counts, times), ASKED, counts, "fails", worse=worse)
    return None if found is None else found.ruling


BAD, GOOD = Totals(100, 3, 900, 1), Totals(100, 0, 900, 1)
BOTH = Totals(100, 5, 900, 45)


def ruled_after_recovery(bad: Totals) -> Finding | None:
    beyond = heard(bad, 20)
    for _ in range(20):
        beyond = weighed(beyond, ASKED, GOOD, 0.0, CAP)
    return objection(beyond, ASKED, GOOD, "fails", worse=False)


def test_a_canary_within_the_limit_meets_no_objection() -> None:
    """The limit speaks only when it seems broken."""
    assert ruling(GOOD) is None


def test_a_canary_beyond_it_for_long_is_a_breach() -> None:
    """Evidence, not one noisy window."""
    assert ruling(BAD) is Ruling.BREACH
    assert ruling(BAD, times=1) is None


def test_room_shrinks_with_the_evidence_until_it_convicts() -> None:
    """A canary over its limit that shows all the room there is would mislead."""
    few, many = (room_of(heard(BAD, times), ASKED) for times in (5, 20))

    assert room_of(unheard(), ASKED) == 1.0
    assert 1.0 > few > 0.0 >= many
    assert room_of(heard(BAD, 20), None) == 1.0


def test_doubt_holds_before_it_convicts() -> None:
    """Between fine and breach the gate waits."""
    assert ruling(BAD, times=5) is Ruling.HOLD


def test_a_canary_no_worse_than_stable_is_not_blamed() -> None:
    """Beyond the limit, but so is everyone, as far as one can tell."""
    assert ruling(BAD, worse=False) is Ruling.HOLD


def test_when_stable_breaks_it_too_it_is_a_shared_incident() -> None:
    """Nobody is blamed for what hits all."""
    found = objection(heard(BOTH, 20), ASKED, BOTH, "fails", worse=True)

    assert found is not None
    assert found.ruling is Ruling.HOLD
    assert "shared incident" in found.words


def test_one_good_minute_neither_convicts_nor_absolves() -> None:
    """By chance a canary beyond the limit keeps to it for a minute, and must not go on then."""
    found = objection(heard(BAD, 20), ASKED, GOOD, "fails", worse=True)

    assert found is not None
    assert found.ruling is Ruling.HOLD


def test_a_canary_that_recovered_meets_no_objection() -> None:
    """What lies long ago holds nobody up: the bets against it were lost since."""
    assert ruled_after_recovery(BAD) is None


def test_a_shared_incident_that_is_over_holds_nobody_up() -> None:
    """Both arms broke the limit, and keep to it again."""
    assert ruled_after_recovery(BOTH) is None


def test_a_canary_that_fails_as_stable_is_known_to_waits_with_it() -> None:
    """A tenth of the traffic tells little by itself; what stable shows makes up for it."""
    assert ruling(BAD, times=1) is None
    assert objection(heard(BOTH, 1), ASKED, BAD, "fails", worse=True) is not None


def test_evidence_is_no_larger_than_chance_allows() -> None:
    """At the limit itself the mean of the wealth stays at 1: exact, for 50 requests."""
    mean = 0.0
    for failed in range(51):
        chance = math.comb(50, failed) * 0.01**failed * 0.99 ** (50 - failed)
        one = weighed(unheard(), ASKED, Totals(50, failed, 0, 0), 0.0, 1e9)
        mean += chance * math.exp(one.canary.log)

    assert mean <= 1.0 + 1e-12


def test_bursts_devalue_evidence() -> None:
    """Failures that come together count as fewer."""
    assert heard(BAD, 1, excess=50.0).canary.log < heard(BAD, 1).canary.log


@pytest.mark.parametrize("counts", [Totals(), Totals(0, 0, 900, 0)])
def test_an_arm_without_requests_is_not_accused(counts: Totals) -> None:
    """Nothing failed where nothing came."""
    assert heard(counts, 5).canary.log <= 0.0


def test_a_limit_of_no_failures_at_all_is_possible() -> None:
    """Who asks for 100 % gets arithmetic without a division by nought."""
    strict = limit(0.0, 1e-3)
    beyond = weighed(unheard(), strict, Totals(10, 1, 90, 0), 0.0, CAP)

    assert beyond.canary.log > 0.0
