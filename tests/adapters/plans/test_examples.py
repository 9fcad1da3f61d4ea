"""The plans in ``config/``: people copy them before they read anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutd.adapters.plans.reading import read
from rolloutd.core.plan import (
    Arm,
    EnvoyClusterMetrics,
    IstioMetrics,
    Key,
    OnBreach,
    PauseStep,
    Plan,
    Reporter,
    Routes,
    SidecarMetrics,
    StartManual,
    WeightStep,
)

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLES = sorted(CONFIG.glob("*.yaml"))


def example(name: str) -> Plan:
    (located,) = read((CONFIG / name).read_bytes(), file=name).plans
    return located.plan


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_loads_without_a_word(path: Path) -> None:
    """Not even a warning: an example shows the right way."""
    reading = read(path.read_bytes(), file=path.name)

    assert reading.findings == ()
    assert len(reading.plans) == 1


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_names_the_schema_that_is_published(path: Path) -> None:
    """The line makes editors complete and explain fields."""
    first = path.read_text().splitlines()[0]

    assert first.startswith("# yaml-language-server: $schema=")
    assert (CONFIG / first.partition("=")[2]).resolve().is_file()


def test_data_product_goes_from_v3_to_v4_in_four_steps() -> None:
    """The story that the project began with."""
    plan = example("data-product.yaml")

    assert plan.key == Key("default", "data-product")
    assert plan.stable == Arm(host=None, subset="v3", deployment="data-product")
    assert plan.canary == Arm(host=None, subset="v4", deployment="data-product-v4.0")
    assert [step.weight for step in plan.steps if isinstance(step, WeightStep)] == [
        *(10, 50, 75, 100)
    ]
    assert plan.metrics.source == IstioMetrics(reporter=Reporter.SOURCE)


def test_the_http_service_needs_neither_subsets_nor_prometheus() -> None:
    """The other common way to split, and the smaller cluster."""
    plan = example("http-service.yaml")

    assert (plan.stable.host, plan.stable.subset) == ("storefront-blue", None)
    assert plan.metrics.source == SidecarMetrics(port=15090)
    assert plan.scale_down_after == 3600.0


def test_the_manual_rollout_waits_for_people() -> None:
    """A start, a pause and office hours."""
    plan = example("manual-with-windows.yaml")

    assert plan.start == StartManual()
    assert PauseStep(duration=None) in plan.steps
    assert [window.end for window in plan.windows] == [17 * 60, 12 * 60]
    assert plan.on_breach is OnBreach.PAUSE


def test_the_first_of_two_virtual_services_carries_the_record() -> None:
    """Order means something here, so it is kept."""
    plan = example("two-virtual-services.yaml")

    assert plan.virtual_services == (
        Routes(virtual_service="catalogue", routes=()),
        Routes(virtual_service="catalogue-public", routes=("api",)),
    )
    assert plan.metrics.source == EnvoyClusterMetrics(port=8080)
