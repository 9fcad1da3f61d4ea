"""kubernetes-asyncio's loaders of credentials, without the rest of the library.

Importing any part of it runs a package ``__init__`` that imports 700 generated models: 34 MB
and 200 ms that nothing here uses. The two packages above the loaders are therefore put in
place empty, with the two names that the loaders take from them; all else is the library's own.
The dependency is pinned to one major version, and every test of credentials goes through this,
so a change of its layout is noticed before a release is.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from rolloutd.errors import Refused

if TYPE_CHECKING:
    from kubernetes_asyncio.client.configuration import Configuration

LIBRARY = "kubernetes_asyncio"
CLIENT = "kubernetes_asyncio.client"


class ApiClient:
    """Stands where the loaders name the library's client, which is never made."""


def loaders() -> tuple[type[Configuration], ModuleType]:
    """Return the library's ``Configuration`` and its ``config`` package.

    If somebody has imported the library as a whole, that is used.

    Raises:
        Refused: It is not installed.
    """
    if LIBRARY not in sys.modules:
        _put_in_place()
    configuration = importlib.import_module(f"{CLIENT}.configuration").Configuration
    return configuration, importlib.import_module(f"{LIBRARY}.config")


def _put_in_place() -> None:
    found = PathFinder.find_spec(LIBRARY)
    if found is None or not found.submodule_search_locations:
        raise Refused("kubernetes-asyncio is not installed: pip install rolloutd")
    places = list(found.submodule_search_locations)
    _package(LIBRARY, places)
    client = _package(CLIENT, [str(Path(place) / "client") for place in places])
    configuration = importlib.import_module(f"{CLIENT}.configuration")
    vars(client).update(Configuration=configuration.Configuration, ApiClient=ApiClient)


def _package(name: str, places: list[str]) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = places
    sys.modules[name] = package
    return package
