"""Names that Kubernetes accepts, and addresses without secrets."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from rolloutd.adapters.plans.diagnostics import Code
from rolloutd.adapters.plans.quantities import shown, wrong

_LABEL: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
_SUBSET: Final = r"^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
_GATE: Final = r"^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
_HOST: Final = r"^(\*\.)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
_ROUTE: Final = r"^\S(.{0,126}\S)?$"


def check_name(value: str) -> str:
    """Accept a DNS label: the name of a plan, a namespace, a channel.

    Raises:
        PydanticCustomError: It is not one.
    """
    return _checked(value, _LABEL, "lower-case letters, digits and inner '-', at most 63")


def check_object_name(value: str) -> str:
    """Accept the name of a Kubernetes object."""
    return _checked(value, _SUBDOMAIN, "lower-case letters, digits, inner '-' and '.'")


def check_subset(value: str) -> str:
    """Accept the name of a subset, as Istio does."""
    return _checked(value, _SUBSET, "letters, digits and inner '-', at most 63")


def check_gate_name(value: str) -> str:
    """Accept the name of a gate: a metric's label and a word in messages."""
    return _checked(value, _GATE, "letters, digits and inner '-', '_', '.', at most 63")


def check_host(value: str) -> str:
    """Accept a destination host: short or fully qualified."""
    return _checked(value, _HOST, "a host name, such as checkout.shop.svc.cluster.local")


def check_route(value: str) -> str:
    """Accept the name of a route, which Istio leaves free."""
    return _checked(value, _ROUTE, "1 to 128 characters, no blanks at the ends")


def check_channel(value: str) -> str:
    """Accept the name of a channel, never its address: that holds its secret."""
    if "://" in value:
        instead = "name a channel of the daemon's settings"
        raise wrong(Code.BAD_URL, "a secret never belongs in a plan", instead)
    return check_name(value)


def check_url(value: str) -> str:
    """Accept a plain HTTP address.

    Raises:
        PydanticCustomError: It is something else, or carries a password.
    """
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and _port_ok(value)
    except ValueError:
        parts, usable = urlsplit(""), False
    if "@" in parts.netloc:
        instead = "leave out user and password: stats endpoints are read without"
        raise wrong(Code.BAD_URL, "a secret never belongs in a plan", instead)
    if not usable or re.search(r"\s", value):
        instead = "such as http://10.0.0.7:15090/stats/prometheus"
        raise wrong(Code.BAD_URL, f"{shown(value)} is not an HTTP address", instead)
    return value


def _port_ok(value: str) -> bool:
    return urlsplit(value).port != 0


def _checked(value: str, pattern: str, allowed: str) -> str:
    if not re.fullmatch(pattern, value):
        raise wrong(Code.BAD_NAME, f"{shown(value)} is not a name here", f"allowed: {allowed}")
    return value


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Name = Annotated[str, AfterValidator(check_name), _schema(_LABEL)]
ObjectName = Annotated[str, AfterValidator(check_object_name), _schema(_SUBDOMAIN)]
Subset = Annotated[str, AfterValidator(check_subset), _schema(_SUBSET)]
GateName = Annotated[str, AfterValidator(check_gate_name), _schema(_GATE)]
Host = Annotated[str, AfterValidator(check_host), _schema(_HOST)]
RouteName = Annotated[str, AfterValidator(check_route), _schema(_ROUTE)]
Channel = Annotated[str, AfterValidator(check_channel), _schema(_LABEL)]
Url = Annotated[str, AfterValidator(check_url), _schema(r"^https?://[^@\s]+$")]
