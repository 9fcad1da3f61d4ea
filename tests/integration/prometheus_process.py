"""A real Prometheus that scrapes what a test serves."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

from rolloutd.adapters.clock import SystemClock
from rolloutd.bootstrap.listening import reserve
from rolloutd.core.units import Seconds


def program() -> str:
    """Return the path of Prometheus; without it skip, but never in CI."""
    path = shutil.which("prometheus")
    if path is not None:
        return path
    reason = "Prometheus is not installed: run tools/system-packages."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def prometheus(
    folder: Path, scraped: Sequence[str], *, path: str = "/metrics", port: int | None = None
) -> AsyncIterator[str]:
    """Run Prometheus against these ``HOST:PORT``, five scrapes a second; yields its URL."""
    config = {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
        "scrape_configs": [
            {
                "job_name": "mesh",
                "metrics_path": path,
                "static_configs": [{"targets": list(scraped)}],
            }
        ],
    }
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(config))
    # Held, so that nobody else gets it before Prometheus, who may listen at it all the same.
    with reserve("127.0.0.1", 0 if port is None else port) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            program(),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        )
        try:
            async with asyncio.timeout(60.0):
                await _until_ready(f"http://{address}/-/ready")
            yield f"http://{address}"
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _until_ready(url: str) -> None:
    clock = SystemClock()
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await clock.sleep(Seconds(0.05))
