"""Every name of a metric that a document, a dashboard or an alert has is one that the server has."""

import re
from collections.abc import Iterator

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
