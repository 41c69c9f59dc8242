"""Every name of a metric that a document, a dashboard or an alert has is one that the server has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from server.metrics.series import Series
from tests.server.program import ROOT

PAGE = (ROOT / "docs/reference/metrics.md").read_text()


def metrics() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The name, the type and the labels of each."""
    registry = CollectorRegistry()
    series = Series(registry)
    labels = {one._name: one._labelnames for one in vars(series).values() if hasattr(one, "_labelnames")}
    for family in registry.collect():
        yield family.name, family.type, tuple(labels[family.name])


def test_every_metric_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `(viewgraph_\w+)` \| (\w+) \|([^|]*)\|", PAGE, flags=re.MULTILINE)
    documented = [(name, type, tuple(re.findall(r"`(\w+)`", labels))) for name, type, labels in rows]

    assert sorted(documented) == sorted(metrics())


FILES = sorted(file for file in (ROOT / "ops").rglob("*") if file.is_file())
_ENDS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_dashboards_and_alerts_ask_for_metrics_and_labels_that_exist(file: Path) -> None:
    text = file.read_text()
    labels = {f"{name}{end}": set(labels) for name, type, labels in metrics() for end in _ENDS[type]}
    asked = re.findall(r"\b(viewgraph_\w+)(?:\{(.*?)\})?", text)

    assert {name for name, _ in asked} <= set(labels)
    for name, matchers in asked:
        assert set(re.findall(r"(\w+)(?:=|!=|=~)\\?\"", matchers)) <= labels[name] | {"job"}


def test_the_dashboard_has_every_metric() -> None:
    panels = json.loads((ROOT / "ops/grafana/viewgraph.json").read_text())["panels"]
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])

    assert [name for name, _, _ in metrics() if name not in shown] == []


def test_each_alert_says_what_is_wrong_and_what_to_do() -> None:
    text = (ROOT / "ops/prometheus/viewgraph.yaml").read_text()
    alerts = text.split("- alert: ")[1:]

    assert len(alerts) == 7
    for alert in alerts:
        for key in ("expr", "for", "severity", "summary", "description"):
            assert re.findall(rf"^ +{key}: \S", alert, flags=re.MULTILINE), (key, alert)
