"""Recording rules: what dashboards and Grafana's alerts need beyond what a gauge shows now.

A gauge tells of now. How long a KPI was on target, and how much was counted and refused a month ago, is kept
as a few series of its own, which are cheap to look at over a year.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from streams import naming
from streams.engine.kpis.guardrails import standing_series
from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.generate.pipeline_alerts import pipeline_alerts
from streams.generate.promql import NOT_BEYOND, equals, number, selector


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that Prometheus keeps of an expression."""

    group: str
    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


def recordings(plan: Plan) -> list[Recording]:
    """In the order in which they are evaluated."""
    return [*_of_pipeline(plan), *_on_target(plan)]


def _of_pipeline(plan: Plan) -> Iterator[Recording]:
    def recording(record: str, expr: str) -> Recording:
        return Recording(naming.PIPELINE, record, expr)

    yield recording(naming.STALE_RECORD, _stale(plan))
    yield recording(naming.EVENTS_RECORD, f"sum by (outcome) (rate({naming.EVENTS}_total[5m]))")
    letters = f"sum by (reason) (rate({naming.DEAD_LETTERS}_total[5m]))"
    yield recording(naming.DEAD_LETTERS_RECORD, letters)
    buckets = f"sum by (le) (rate({naming.COMMIT_SECONDS}_bucket[5m]))"
    yield recording(naming.COMMIT_P99_RECORD, f"histogram_quantile(0.99, {buckets})")


def _stale(plan: Plan) -> str:
    """1 while an alert fires that says that the numbers are old or not all there; else 0."""
    names = dict.fromkeys(rule.name for rule in pipeline_alerts(plan) if rule.stale)
    firing = f'ALERTS{{\n  alertname=~"{"|".join(names)}",\n  alertstate="firing", stale="true"\n}}'
    return f"clamp_max(count({firing}), 1)\nor\nvector(0)"


def _on_target(plan: Plan) -> Iterator[Recording]:
    """Of every KPI with a target whether it reaches it, as a whole; and for what share of a day it has."""
    for series, target, good in with_target(plan):
        value = selector(series.gauge, series.labels, equals("dimension", naming.ALL))
        reached = f"max by (window) ({value}) {NOT_BEYOND[good]} bool {number(target)}"
        yield Recording("targets", naming.ON_TARGET_RECORD, reached, {"kpi": series.kpi})
    of_a_day = f"avg_over_time({naming.ON_TARGET_RECORD}[1d])"
    yield Recording("targets", naming.ON_TARGET_DAY_RECORD, of_a_day)


def with_target(plan: Plan) -> Iterator[tuple[SeriesPlan, float, str]]:
    """Every KPI that has a target to reach: the series that is compared, the target, and what is good.

    Of a provisional number and a final one it is the final: the newest of the provisional is always too low.
    """
    for name, series in standing_series(plan).items():
        kpi = plan.catalog.kpis[name]
        if kpi.target is not None and kpi.good != "none":
            yield series, kpi.target, kpi.good
