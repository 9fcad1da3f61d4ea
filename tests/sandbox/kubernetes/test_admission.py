"""What a cluster would refuse, and what it would fill in."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes import admission
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import DEPLOYMENT, SECRET, VIRTUAL_SERVICE
from tests.sandbox.kubernetes.examples import named, reviews, web

REVIEWS = Ref(VIRTUAL_SERVICE, "default", "reviews")


def routed(*destinations: Json) -> Json:
    """Make a VirtualService with these destinations in its only route."""
    return {**reviews(), "spec": {"http": [{"route": list(destinations)}]}}


def to(subset: str, **fields: object) -> Json:
    """Make a destination."""
    return {"destination": {"host": "reviews", "subset": subset}, **fields}


@pytest.mark.parametrize("weights", [(90, 10), (100, 0), (9, 1), (200, 300)], ids=str)
def test_weights_need_not_sum_to_a_hundred(weights: tuple[int, int]) -> None:
    """Istio takes any sum but 0: so must we, for people's routes hold such weights."""
    admission.check(REVIEWS, reviews(*weights))


def test_the_only_destination_needs_no_weight() -> None:
    """Most routes have but one."""
    admission.check(REVIEWS, routed(to("v1")))


@pytest.mark.parametrize(
    ("virtual_service", "complaint"),
    [
        (reviews(-1, 101), "weight -1 < 0"),
        (reviews(0, 0), "total destination weight = 0"),
        (routed({"weight": 1}), "destination is required"),
        (routed({"destination": {"subset": "v1"}}), "destination host is required"),
        (routed(to("v1", weight="10")), "weight 10 is not an integer"),
    ],
)
def test_what_istio_would_refuse(virtual_service: Json, complaint: str) -> None:
    """The webhook is the only guard between a bad weight and Envoy."""
    with pytest.raises(ApiFailure) as refused:
        admission.check(REVIEWS, virtual_service)
    assert refused.value.code == 400
    assert refused.value.message == (
        'admission webhook "validation.istio.io" denied the request: '
        f"configuration is invalid: 1 error occurred:\n\t* {complaint}\n\n"
    )


@pytest.mark.parametrize("replicas", [-1, "2", True, 1.5])
def test_replicas_are_counted_from_zero(replicas: object) -> None:
    """A simulator that takes -1 for a number would delete everything."""
    body = {**web(), "spec": {"replicas": replicas}}

    with pytest.raises(ApiFailure, match=r"spec\.replicas"):
        admission.check(Ref(DEPLOYMENT, "default", "web"), body)


def test_a_deployment_has_one_replica_unless_it_says_otherwise() -> None:
    """0 is a number that people choose, and must not become 1."""
    ref = Ref(DEPLOYMENT, "default", "web")
    silent = admission.completed(ref, named("web"))
    empty = admission.completed(ref, {**named("web"), "spec": {"replicas": 0}})

    assert (dig(silent, "spec", "replicas"), dig(empty, "spec", "replicas")) == (1, 0)


def test_a_secret_is_stored_encoded() -> None:
    """Nobody reads a token over a shoulder in ``kubectl get -o yaml``."""
    stored = admission.completed(
        Ref(SECRET, "default", "token"), {**named("token"), "stringData": {"key": "open"}}
    )

    assert stored["data"] == {"key": "b3Blbg=="}
    assert "stringData" not in stored
