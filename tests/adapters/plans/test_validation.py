"""Faults of form, each at its place, all in one pass."""

from __future__ import annotations

import pytest

from rolloutd.adapters.plans.diagnostics import Finding
from tests.adapters.plans.forms import PLAN, changed, codes, finding, findings, with_spec

GATE = "{name: success-rate, type: successRate, min: 99%}"

EVERYTHING_WRONG = """\
apiVersion: rolloutd.io/v1
kind: Rollout
metadata: {name: Shop}
spec:
  virtualService: {name: shop, route: [a]}
  stable: {subset: v1}
  canary: {subset: v2, deployment: shop-v2}
  steps:
    - {weigt: 10, hold: 5m}
    - {weight: 150, hold: 1:30}
    - {weight: "75", hold: 5}
    - {pause: {until: noon}}
    - {weight: 100}
  gates:
    - {name: a, type: sucessRate, min: 99%}
    - {name: b, type: successRate, min: 0.99, vsStable: {maxDrop: 0.5%}}
    - {name: c, min: 99%}
    - {name: d, type: latency, quantile: 99, max: 500}
  metrics: {source: prometheus}
  onBreach: rolback
  start: {cron: "0 9 * * 1", timezone: Europe/Berln}
  windows: [{days: monday, from: "9:00", to: "25:00"}]
  notify: ["https://hooks.example.org/T0/secret"]
  samples: {interval: 500ms}
"""


def pointed_at(found: Finding, text: str) -> str:
    line = text.splitlines()[found.span.line - 1]
    return line[found.span.column - 1 : found.span.end - 1]


def test_all_faults_are_found_in_one_pass() -> None:
    """One run of the linter, one edit, done."""
    pointed = [
        (each.code.value, pointed_at(each, EVERYTHING_WRONG))
        for each in findings(EVERYTHING_WRONG)
    ]

    assert pointed == [
        ("RD113", "rolloutd.io/v1"),
        ("RD113", "Rollout"),
        ("RD116", "Shop"),
        ("RD110", "route"),
        ("RD111", "stable"),
        ("RD110", "weigt"),
        ("RD114", "150"),
        ("RD104", "1:30"),
        ("RD112", '"75"'),
        ("RD120", "5"),
        ("RD110", "until"),
        ("RD113", "sucessRate"),
        ("RD121", "0.99"),
        ("RD121", "0.5%"),
        ("RD111", "{"),
        ("RD114", "99"),
        ("RD120", "500"),
        ("RD113", "prometheus"),
        ("RD113", "rolback"),
        ("RD126", '"0 9 * * 1"'),
        ("RD124", "Europe/Berln"),
        ("RD123", "monday"),
        ("RD122", '"9:00"'),
        ("RD122", '"25:00"'),
        ("RD129", '"https://hooks.example.org/T0/secret"'),
        ("RD114", "500ms"),
    ]


def test_a_secret_is_not_repeated() -> None:
    """A complaint goes to logs and chat, where the address must not go."""
    assert not any("hooks.example.org" in str(each) for each in findings(EVERYTHING_WRONG))


def test_a_misspelt_field_is_one_fault() -> None:
    """Not an unknown field and a missing one: there is one thing to correct."""
    found = finding(changed(("{weight: 10,", "{weigt: 10,")))

    assert found.message == "unknown field 'weigt'"
    assert found.remedy == "did you mean 'weight'? allowed: weight, hold"
    assert found.path == "spec.steps[0]"


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        (("spec:\n", "spec:\n  x: 1\n"), "virtualService, stable, canary, steps, gates"),
        (("hold: 5m", "x: 5m"), "weight, hold"),
        (("{weight: 100}", "{weight: 100, pause: {}}"), "pause"),
        (
            ("type: successRate, min", "type: successRate, max"),
            "name, type, min, vsStable, mode",
        ),
        (("kind: RolloutPlan", "kind: RolloutPlan\nx: 1"), "apiVersion, kind, metadata, spec"),
    ],
)
def test_an_unknown_field_is_answered_with_those_there_are(
    change: tuple[str, str], allowed: str
) -> None:
    """Those of this kind of step or gate, not of all kinds."""
    (found, *_) = [each for each in findings(changed(change)) if each.code.value == "RD110"]

    assert f"allowed: {allowed}" in found.remedy


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("istio", "grpcFailures, httpFailures, source, reporter"),
        (
            "callers, port: 1, urls: [http://a]",
            "grpcFailures, httpFailures, source, urls, port",
        ),
    ],
)
def test_each_source_of_metrics_has_fields_of_its_own(source: str, allowed: str) -> None:
    """A port means nothing to Prometheus's Istio metrics."""
    found = finding(with_spec(f"metrics: {{source: {source}, x: 1}}"))

    assert found.remedy == f"allowed: {allowed}"
    assert found.path == "spec.metrics"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (changed(("{subset: v1, deployment: shop-v1}", "{subset: v1}")), "deployment"),
        (changed(("{name: success-rate, type", "{type")), "name"),
        (changed(("metadata: {name: shop}\n", "")), "metadata"),
        (changed(("  stable: {subset: v1, deployment: shop-v1}\n", "")), "stable"),
        (with_spec("metrics: {source: envoyCluster}"), "port"),
    ],
)
def test_a_missing_field_is_named_and_explained(text: str, field: str) -> None:
    """What it is for stands in the message: no need to look it up."""
    found = next(each for each in findings(text) if each.code.value == "RD111")

    assert found.message == f"the field {field!r} is missing"
    assert found.remedy


@pytest.mark.parametrize("blank", ["pause: ", "pause: ~", "pause: null"])
def test_nothing_behind_a_key_is_told_once(blank: str) -> None:
    """``pause:`` may mean ``pause: {}``, or have been forgotten."""
    text = changed(
        ("steps: [{weight: 10, hold: 5m},", f"steps: [{{weight: 1, hold: 5m}}, {{{blank}}},")
    )

    assert codes(text) == ["RD115"]
    assert "{} for an empty mapping" in finding(text).remedy


def test_an_optional_field_may_be_left_out_and_not_left_empty() -> None:
    """``min:`` with its value lost would silently mean: no minimum."""
    assert codes(changed(("min: 99%", "min: "))) == ["RD115"]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("weight: 10,", 'weight: "10",'), "a whole number"),
        (("weight: 10,", "weight: 10.0,"), "a whole number"),
        (("weight: 10,", "weight: true,"), "a whole number"),
        (("[{weight: 10, hold: 5m}, {weight: 100}]", "{weight: 100}"), "a list"),
        (("metadata: {name: shop}", "metadata: shop"), "a mapping"),
        (("metadata: {name: shop}", "metadata: {name: 7}"), "text (quote it)"),
    ],
)
def test_nothing_is_converted(change: tuple[str, str], wanted: str) -> None:
    """A quoted number is text: somebody meant something else, or a template went wrong."""
    found = next(each for each in findings(changed(change)) if each.code.value == "RD112")

    assert found.remedy == f"write {wanted}"


@pytest.mark.parametrize(("weight", "bound"), [("-1", "at least 0"), ("101", "at most 100")])
def test_a_weight_lies_between_0_and_100(weight: str, bound: str) -> None:
    """Istio counts in whole percent."""
    found = next(
        each
        for each in findings(changed(("weight: 10,", f"weight: {weight},")))
        if each.code.value == "RD114"
    )

    assert found.remedy == bound


def test_steps_are_not_empty() -> None:
    """A plan without steps would do nothing and call it success."""
    assert codes(changed(("[{weight: 10, hold: 5m}, {weight: 100}]", "[]"))) == ["RD115"]


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("onBreach: paus", "did you mean 'pause'? allowed: rollback, pause"),
        ("onBlind: {then: rollback_now}", "did you mean 'rollback'? allowed: hold, rollback"),
        ("start: automatic", "did you mean 'auto'? allowed: auto, manual"),
        (
            "metrics: {source: sidecar}",
            "did you mean 'sidecars'? allowed: istio, envoyCluster, sidecars, callers",
        ),
    ],
)
def test_a_word_that_is_not_allowed_is_answered_with_those_that_are(
    written: str, remedy: str
) -> None:
    """And with the one that was probably meant."""
    assert finding(with_spec(written)).remedy == remedy


def test_a_kind_of_gate_is_asked_for() -> None:
    """Without it nobody knows which fields belong there."""
    found = finding(changed(("type: successRate, ", "")))

    assert found.message == "the field 'type' is missing"
    assert found.remedy == "allowed: successRate, latency, promql"


def test_a_kind_of_gate_is_guessed() -> None:
    """The caret stands under the word, not under the whole gate."""
    text = changed(("type: successRate", "type: success"))

    assert finding(text).remedy.startswith("did you mean 'successRate'?")
    assert pointed_at(finding(text), text) == "success"


def test_what_is_doubtful_is_told_once() -> None:
    """``1:30`` is no duration either, but there is one thing to correct."""
    assert codes(changed(("hold: 5m", "hold: 1:30"))) == ["RD104"]


@pytest.mark.parametrize("document", ["[]", "text", "7", "{}", "- a\n- b"])
def test_a_document_of_another_kind_is_refused(document: str) -> None:
    """Somebody mounted the wrong file."""
    assert set(codes(document)) <= {"RD111", "RD112"}
    assert codes(document)


def test_labels_and_annotations_are_borne() -> None:
    """The same file may be kept as an object in a cluster."""
    labels = "{name: shop, labels: {team: a}, annotations: {note: b}}"

    assert codes(changed(("metadata: {name: shop}", f"metadata: {labels}"))) == []


def test_each_document_of_a_file_is_checked() -> None:
    """The place says which one it is."""
    text = f"{PLAN}---\n{changed(('hold: 5m', 'hodl: 5m'), ('name: shop}', 'name: other}'))}"

    assert [each.span.line for each in findings(text) if each.code.value == "RD110"] == [19]


def test_a_limit_is_finite() -> None:
    """Infinity is a number to YAML, and no limit."""
    gate = "{name: g, type: promql, query: up, max: 1.0e+999}"

    assert codes(changed((GATE, gate))) == ["RD113"]
