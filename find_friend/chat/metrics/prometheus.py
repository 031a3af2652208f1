"""The numbers in Prometheus' terms; needs the extra ``metrics``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from . import COUNTERS, GAUGES, HISTOGRAMS, Counter, Histogram

__all__ = ["ChatCollector", "register"]

PREFIX = "find_friend_chat_"


class ChatCollector(Collector):
    """Reads the numbers of this process whenever a registry is asked for them."""

    def collect(self) -> Iterator[Metric]:
        for gauge in GAUGES:
            yield GaugeMetricFamily(PREFIX + gauge.name, gauge.doc, value=gauge.read())
        yield from map(counted, COUNTERS)
        yield from map(observed, HISTOGRAMS)

    def describe(self) -> Iterator[Metric]:
        """Names only: nothing is read when it is registered."""
        yield from (GaugeMetricFamily(PREFIX + gauge.name, gauge.doc) for gauge in GAUGES)
        yield from (CounterMetricFamily(PREFIX + counter.name, counter.doc) for counter in COUNTERS)
        yield from (HistogramMetricFamily(PREFIX + histogram.name, histogram.doc) for histogram in HISTOGRAMS)


def counted(counter: Counter) -> Metric:
    if counter.label is None:
        return CounterMetricFamily(PREFIX + counter.name, counter.doc, value=counter.values[""])
    family = CounterMetricFamily(PREFIX + counter.name, counter.doc, labels=[counter.label])
    for value, count in counter.values.items():
        family.add_metric([value], count)
    return family


def observed(histogram: Histogram) -> Metric:
    bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
    return HistogramMetricFamily(PREFIX + histogram.name, histogram.doc, buckets=buckets, sum_value=histogram.sum)


def register(registry: CollectorRegistry = REGISTRY) -> None:
    """Add the numbers to a registry that the site shows by its own means. A second call for it raises ValueError."""
    registry.register(ChatCollector())
