"""The document, and whether the API keeps to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, seed, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig

from rolloutd.api.control.limits import Rate
from rolloutd.api.control.openapi import document
from rolloutd.api.control.routes import ROUTES
from rolloutd.api.control.tokens import TokenFile
from rolloutd.core.units import Seconds
from tests.api.control.office import Office, checkout, search
from tests.api.control.test_door import OPERATOR, TOKENS, bearer

# Valid, and still not what a rollout in that phase can do, or a login with a made-up token.
ACCEPTED = ["2xx", "401", "404", "409", "422"]
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}}
)

# A stream of events never ends, which no generic client waits for: test_events.py has it.
SCHEMA = schemathesis.openapi.from_dict(document(), config=CONFIG).exclude(
    operation_id="events"
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an office from a thread of its own: schemathesis blocks the one it runs in."""
    tokens = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    tokens.write_text(TOKENS)
    serving = Serving(tokens)
    thread = threading.Thread(target=serving.run)
    thread.start()
    assert serving.is_up.wait(10)
    yield serving.url
    serving.stop()
    thread.join(10)


PLENTY = Rate(burst=1_000_000, per_second=1.0)
"""Time stands still here, and a check of logins fails hundreds of them."""


class Serving:
    """An office until it is told to stop."""

    def __init__(self, tokens: Path) -> None:
        self.is_up = threading.Event()
        self.url = ""
        self._office = Office(
            access=TokenFile(tokens), deadline=Seconds(0.5), rates=(PLENTY, PLENTY)
        )
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def _serve(self) -> None:
        async with self._office.open(checkout(), search()):
            self.url = self._office.url
            self.is_up.set()
            await self._stopping.wait()


@seed(20231114)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@SCHEMA.parametrize()
def test_the_api_keeps_to_its_document(
    case: schemathesis.Case,  # type: ignore[type-arg] # of whatever operation
    url: str,
) -> None:
    """Every check that schemathesis has, on valid and on broken requests."""
    if "namespace" in case.path_parameters and len(str(case.path_parameters["name"])) % 2:
        # Chance alone would never name a rollout that is there.
        case.path_parameters |= {"namespace": "shop", "name": "checkout"}

    case.call_and_validate(base_url=url, headers={"Authorization": bearer(OPERATOR)})


def test_the_document_is_openapi() -> None:
    """Tools read it without a complaint."""
    OpenAPIV31SpecValidator(document()).validate()


def test_every_route_is_documented() -> None:
    """One table serves and documents."""
    paths = document()["paths"]
    assert isinstance(paths, dict)

    documented = {(path, method) for path, methods in paths.items() for method in methods}
    assert documented == {(route.path, route.method.lower()) for route in ROUTES}
