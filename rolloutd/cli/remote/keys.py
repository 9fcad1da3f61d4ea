"""What keys do while a rollout is watched: nothing is ordered without Enter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from rolloutd.cli.remote.client import Order
from rolloutd.cli.remote.effects import effect_of
from rolloutd.cli.remote.exits import ENDED
from rolloutd.cli.remote.forms import Full

LONGEST_REASON: Final = 500
"""Characters; the daemon takes no more."""

ENTER: Final = frozenset({"\r", "\n"})
ERASE: Final = frozenset({"\x7f", "\b"})
ESCAPE: Final = "\x1b"


@dataclass(frozen=True, slots=True)
class Looking:
    """Nothing is asked."""

    said: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """An order is about to be given, held to the step that its effect was said for."""

    order: Order
    effect: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """The person has seen enough."""


@dataclass(frozen=True, slots=True)
class Giving:
    """An order is to be given now."""

    order: Order


Mode: TypeAlias = Looking | Asking
Wish: TypeAlias = Looking | Asking | Leaving | Giving


def press(mode: Mode, key: str, now: Full) -> Wish:
    """Return what a key leads to."""
    match mode:
        case Asking():
            return _answer(mode, key)
        case Looking():
            return _choose(mode, key, now)


def prompt(mode: Mode, now: Full) -> str:
    """Say which keys there are, or what is asked."""
    match mode:
        case Asking(order=order, effect=effect):
            return f"{effect}\nReason: {order.reason}▏\n[Enter] {order.verb}   [Esc] leave it"
        case Looking(said=said):
            offered = "" if now.phase in ENDED else _offered(now)
            return f"{said}\n{offered}[q]uit".lstrip("\n")


def _offered(now: Full) -> str:
    verbs = {"paused": "[p] resume   [s]kip hold   ", "progressing": "[p]ause   [s]kip hold   "}
    return f"{verbs.get(now.phase, '')}[r]oll back   "


def _choose(mode: Looking, key: str, now: Full) -> Wish:
    if key == "q":
        return Leaving()
    verbs = {"p": "resume" if now.phase == "paused" else "pause", "s": "skip", "r": "rollback"}
    verb = verbs.get(key)
    if verb is None or now.phase in ENDED:
        return mode
    order = Order(verb=verb, expected_step=now.step)
    return Asking(order=order, effect=effect_of(verb, now))


def _answer(mode: Asking, key: str) -> Wish:
    order = mode.order
    if key == ESCAPE:
        return Looking()
    if key in ENTER:
        return Giving(replace(order, reason=order.reason.strip()))
    if key in ERASE:
        return replace(mode, order=replace(order, reason=order.reason[:-1]))
    if key.isprintable() and len(order.reason) < LONGEST_REASON:
        return replace(mode, order=replace(order, reason=order.reason + key))
    return mode
