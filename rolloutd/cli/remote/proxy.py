"""Which proxy the environment puts between us and the daemon, by the usual variables."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from rolloutd.errors import Refused

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        headers: What proves to it who we are.
    """

    host: str
    port: int
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def proxy_for(url: str, environment: Mapping[str, str]) -> Proxy | None:
    """Return the way to a URL that ``HTTPS_PROXY`` or ``HTTP_PROXY`` names.

    ``None`` for the straight way: to this machine, and where ``NO_PROXY`` says so. Names in
    lower case count first.

    Raises:
        Refused: What is named is no HTTP proxy.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    named = _variable(environment, f"{parts.scheme}_proxy")
    if (
        not named
        or _is_here(host)
        or is_excepted(host, port, _variable(environment, "no_proxy"))
    ):
        return None
    return _read(named, f"{parts.scheme}_proxy".upper())


def is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Say whether ``NO_PROXY`` names a host.

    Its entries, separated by commas: ``*``; a name, which stands for all below it, too; an
    address or a range of them. Each may have a port.
    """
    return any(_names(entry, host, port) for entry in _entries(exceptions))


def _entries(exceptions: str) -> Iterator[str]:
    for entry in exceptions.split(","):
        if entry.strip():
            yield entry.strip().lower()


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        name, _, only = entry.partition(":")
        name = name.removeprefix("*").removeprefix(".")
        return (not only or only == str(port)) and f".{host}".endswith(f".{name}")
    if entry in {f"{host}:{port}", f"[{host}]:{port}"}:
        return True
    try:
        return address in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False  # A name, or an address with another port.


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _read(named: str, variable: str) -> Proxy:
    # What is wrong is not quoted: there may be a password in it.
    wrong = f"{variable} has to be http://[USER:PASSWORD@]HOST[:PORT], and is not."
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname, parts.port or PORTS["http"]
    except ValueError:
        raise Refused(wrong) from None
    if parts.scheme != "http" or host is None:
        raise Refused(wrong)
    if parts.username is None:
        return Proxy(host=host, port=port, headers={})
    known = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    headers = {"Proxy-Authorization": f"Basic {b64encode(known).decode()}"}
    return Proxy(host=host, port=port, headers=headers)
