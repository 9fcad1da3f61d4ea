"""The library's loaders, alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALONE = """
import sys
from rolloutd.adapters.kubernetes.slim import loaders
configuration, config = loaders()
assert configuration().host is not None
assert callable(config.load_kube_config)
print("kubernetes_asyncio.client.models" in sys.modules)
"""

BESIDE = """
import kubernetes_asyncio.client
from rolloutd.adapters.kubernetes.slim import loaders
print(loaders()[0] is kubernetes_asyncio.client.Configuration)
"""

ABSENT = """
import sys
from importlib.machinery import PathFinder
sys.path = [place for place in sys.path if "site-packages" not in place]
from rolloutd.errors import Refused
from rolloutd.adapters.kubernetes.slim import loaders
try:
    loaders()
except Refused as refused:
    print(refused)
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [(ALONE, "False"), (BESIDE, "True"), (ABSENT, "not installed")],
    ids=["no models are imported", "the whole library is respected", "absence is named"],
)
def test_the_loaders_come_without_the_rest(program: str, said: str) -> None:
    """A process of its own each, for what is imported stays imported."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert said in done.stdout
