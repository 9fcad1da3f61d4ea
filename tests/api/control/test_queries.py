"""Query parameters that nobody knows."""

from __future__ import annotations

import pytest

from tests.api.control.office import SHOP, Office, checkout


async def test_a_misspelt_filter_is_named_and_the_known_ones_listed() -> None:
    """Ignored, it would list everything: a script would act on what it never asked for."""
    async with Office().open(checkout()) as office:
        answer = await office.get("/api/v1/rollouts?phse=paused")

    assert (answer.status, answer.kind) == (400, "bad-request")
    assert answer.json["detail"] == "phse: expected one of namespace, phase"


async def test_an_order_with_a_query_is_not_given() -> None:
    """Whoever asks other APIs for a dry run this way does not expect the deed."""
    async with Office().open(checkout()) as office:
        answer = await office.ask("POST", f"{SHOP}/rollback?dryRun=true", {})
        now = await office.get(SHOP)

    assert (answer.status, answer.kind) == (400, "bad-request")
    assert answer.json["detail"] == "dryRun: this path takes none"
    assert now.json["phase"] == "progressing"


@pytest.mark.parametrize("path", ["/openapi.json", "/api/v1/events", f"{SHOP}/series"])
async def test_every_path_answers_so(path: str) -> None:
    """One table says what each of them knows."""
    async with Office().open(checkout()) as office:
        answer = await office.get(f"{path}?since=1")

    assert (answer.status, answer.kind) == (400, "bad-request")
