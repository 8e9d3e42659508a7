"""Every metric of the gateway is explained, and the dashboard asks for none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from gateway import metrics

ROOT = Path(__file__).parents[3]
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


def _exported() -> set[str]:
    found = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    return {f"{metric._name}_total" if metric._type == "counter" else metric._name for metric in found}


def test_every_metric_of_the_gateway_stands_in_the_operations_guide() -> None:
    named = set(re.findall(r"anxin_gateway_\w+", (ROOT / "docs/operations.md").read_text()))
    assert _exported() == {name for name in named if name in _exported()}


def test_the_guide_and_the_dashboard_name_no_metric_that_does_not_exist() -> None:
    for place in ("docs/operations.md", "dashboards/grafana/gateway.json"):
        named = {_SUFFIX.sub("", name) for name in re.findall(r"anxin_gateway_\w+", (ROOT / place).read_text())}
        assert named <= _exported(), named - _exported()
