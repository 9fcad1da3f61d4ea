"""What the services say to each other."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from rolloutd.sandbox.services.rpc import STATUSES, Answer, header


def test_an_answer_survives_the_wire() -> None:
    """There is no generated code to vouch for it."""
    answer = Answer(version="v4", pod="data-product-v4-x")

    assert Answer.decode(answer.encode()) == answer


def test_statuses_are_known_by_number() -> None:
    """Faults and metrics have numbers; gRPC's library has names."""
    assert [STATUSES[number].name for number in (0, 13, 14)] == [
        "OK",
        "INTERNAL",
        "UNAVAILABLE",
    ]


def test_a_header_that_is_missing_or_binary_is_empty() -> None:
    """Who failed is not always known."""
    metadata = (("x-pod", "a"), ("x-trace-bin", b"\x00"))

    assert header(metadata, "x-pod") == "a"
    assert header(metadata, "x-trace-bin") == ""
    assert header(None, "x-pod") == ""


async def test_without_grpc_it_says_what_to_install(tmp_path: Path) -> None:
    """A demonstration must not begin with a traceback out of an import."""
    program = "import sys; sys.modules['grpc'] = None\nimport rolloutd.sandbox.services.traffic"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stderr=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    _, said = await process.communicate()

    assert b"Refused: The sandbox needs gRPC: pip install 'rolloutd[demo]'." in said
