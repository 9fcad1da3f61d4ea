"""What the documentation says to type, typed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest

from rolloutd.api.control.routes import VERBS
from rolloutd.api.control.tokens import TokenFile
from rolloutd.core.state import Phase
from tests.api.control.office import Office, checkout
from tests.api.control.test_door import OPERATOR, TOKENS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "api.md").read_text()
SHELL = "\n".join(re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL))


@pytest.mark.real
async def test_every_command_of_the_document_works(tmp_path: Path) -> None:
    """In its order, with curl: a reader pastes them just so."""
    assert shutil.which("curl"), "curl is not installed"
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(TOKENS)
    async with Office(access=TokenFile(tokens)).open(checkout()) as office:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", SHELL),
            env={**os.environ, "ROLLOUTD": office.url, "TOKEN": OPERATOR},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()

    assert (process.returncode, err.decode()) == (0, "")
    assert b"event: hello" in out
    assert office.record().phase is Phase.PROMOTED


def test_every_verb_and_every_kind_of_problem_is_in_the_document() -> None:
    """Whoever meets one finds it."""
    code = "\n".join(path.read_text() for path in (ROOT / "rolloutd/api/control").glob("*.py"))
    kinds = set(re.findall(r'HTTPStatus\.[A-Z_]+, "([a-z-]+)"', code))
    kinds |= set(re.findall(r'unable\([^()]*, "([a-z-]+)"\)', code))

    assert {kind for kind in kinds if f"`{kind}`" not in DOCUMENT} == set()
    assert {verb for verb in VERBS if f"/{verb}" not in DOCUMENT} <= {"start"}
    assert len(kinds) > 10
