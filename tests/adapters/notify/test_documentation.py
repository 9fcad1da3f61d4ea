"""What ``docs/notifications.md`` says is so."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest

from rolloutd.adapters.kubernetes.event_text import GATE_BREACHED, REASONS
from rolloutd.adapters.notify.webhook import signature
from rolloutd.core.units import Instant

TEXT = (Path(__file__).parents[3] / "docs/notifications.md").read_text()


def the_check() -> Callable[[Mapping[str, str], bytes, str], bool]:
    """Return the documented check of a signature."""
    (code,) = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)
    found: dict[str, object] = {}
    exec(code, found)  # noqa: S102 - our own documentation
    return cast("Callable[[Mapping[str, str], bytes, str], bool]", found["is_ours"])


@pytest.mark.parametrize("secret", ["plain", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_the_documented_check_takes_what_we_sign(secret: str) -> None:
    """People copy it as it stands."""
    now = Instant(time.time())  # noqa: TID251 - the example asks the machine
    headers = signature(secret, "an-occasion", b'{"a":1}', now)

    assert the_check()(headers, b'{"a":1}', secret)
    assert not the_check()(headers, b'{"a":2}', secret)
    assert not the_check()(headers, b'{"a":1}', "other")


def test_the_documented_check_refuses_what_is_old() -> None:
    """Or whoever recorded it could send it again."""
    headers = signature("plain", "an-occasion", b"{}", Instant(1_700_000_000.0))

    assert not the_check()(headers, b"{}", "plain")


def test_every_reason_of_an_event_is_documented() -> None:
    """Scripts wait for them."""
    documented = set(re.findall(r"`([A-Z]\w+)`", TEXT))

    assert {*REASONS.values(), GATE_BREACHED} <= documented
