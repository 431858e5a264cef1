"""What board, worker and webhooks export when all has a value, and which selectors of PromQL find none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from streams.engine.kpis.guardrails import Breach, first_series, pairs_of
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.generate.recordings import recordings
from streams.generate.watcher_alerts import RULE_FAILURES, UNSENT
from streams.intake.telemetry import Telemetry as Webhooks
from streams.naming import ON_TARGET_DAY_RECORD, ON_TARGET_RECORD
from streams.serve.board import Shown
from streams.serve.gauges import Exposition
from streams.serve.server_memory import Memory
from streams.worker.telemetry import Telemetry
from tests.builders import Ledger
from tests.serve.builders import NOW_MS, samples

MEMBER = "a member"
PROMETHEUS = {"ALERTS", "ALERTS_FOR_STATE", "up", RULE_FAILURES, *UNSENT}
"""What Prometheus itself knows, or it and Alertmanager export."""

_SELECTOR = re.compile(r'\b([a-zA-Z_:][\w:]*)(?:\{((?:[^}"]|"[^"]*")*)\})')
_BARE = re.compile(r"\bcrm[_:][\w:]+\b(?!\{)")
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Exported:
    """Series by the names that they have in a scrape."""

    series: dict[str, list[dict[str, str]]]

    @classmethod
    def of(cls, plan: Plan) -> "Exported":
        scraped = [
            Exposition(plan, lambda: _shown(plan)).text().decode(),
            _telemetry().text().decode(),
            Webhooks(["stripe"], plan.types).text().decode(),
        ]
        series: dict[str, list[dict[str, str]]] = {}
        for text in scraped:
            for one in (sample for family in samples(text).values() for sample in family):
                series.setdefault(one.name, []).append(one.labels)
        for record, labels in _recorded(plan):
            series.setdefault(record, []).append(labels)
        return cls(series)

    def missing(self, expr: str) -> list[str]:
        """The selectors of an expression that find no series."""
        return [found for found, name, matchers in _selectors(expr) if not self._finds(name, matchers)]

    def _finds(self, name: str, matchers: list[tuple[str, str, str]]) -> bool:
        if name in PROMETHEUS:
            return True
        return any(
            all(_fits(labels.get(label, ""), how, value) for label, how, value in matchers)
            for labels in self.series.get(name, ())
        )


def _selectors(expr: str) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    for found in _SELECTOR.finditer(expr):
        yield found[0], found[1], _MATCHER.findall(found[2] or "")
    for bare in _BARE.findall(re.sub(r'"[^"]*"', '""', _SELECTOR.sub("", expr))):
        yield bare, bare, []


def _fits(value: str, how: str, wanted: str) -> bool:
    if how.endswith("~"):
        return (re.fullmatch(wanted, value) is not None) == (how == "=~")
    return (value == wanted) == (how == "=")


def _recorded(plan: Plan) -> Iterator[tuple[str, dict[str, str]]]:
    """What Prometheus records of that."""
    firsts, records = first_series(plan), recordings(plan)
    for kpi in (one.labels["kpi"] for one in records if one.record == ON_TARGET_RECORD):
        for window in firsts[kpi].windows:
            yield ON_TARGET_RECORD, {"kpi": kpi, "window": window}
            yield ON_TARGET_DAY_RECORD, {"kpi": kpi, "window": window}
    yield from ((one.record, {}) for one in records)


def _shown(plan: Plan) -> Shown:
    """Every reading of the whole and of one member of each dimension, and every pair of guardrails."""
    whole = [one for one in Ledger(plan).readings(NOW_MS) if one.dimension == "all"]
    bounded = {name for name, kpi in plan.catalog.kpis.items() for one in kpi.all_series() if one.bounds}
    return Shown(
        NOW_MS,
        [made for one in whole for made in _valued(plan, one, one.kpi in bounded)],
        newest_ms=NOW_MS,
        lag_ms={0: 1},
        members={name: 1 for name in plan.catalog.dimensions},
        sources_ms={"crm": NOW_MS},
        now_ms=NOW_MS,
        breaches=[
            _breach(kpi.kpi, guard.kpi, window) for kpi, guard, _ in pairs_of(plan) for window in kpi.windows
        ],
        memory=Memory(1, 2),
    )


def _valued(plan: Plan, one: Reading, bounded: bool) -> Iterator[Reading]:
    bounds = (0.5, 1.5) if bounded else (None, None)
    known = msgspec.structs.replace(
        one, value=1.0, numerator=1, denominator=1, samples=1, change=0.0, lower=bounds[0], upper=bounds[1]
    )
    yield known
    for dimension in plan.catalog.kpis[one.kpi].dimensions:
        yield msgspec.structs.replace(known, dimension=dimension, member=MEMBER)


def _breach(kpi: str, guardrail: str, window: str) -> Breach:
    return Breach(kpi, guardrail, window, "all", "all", False, "")


def _telemetry() -> Telemetry:
    """Of a worker to which everything has happened."""
    telemetry = Telemetry()
    telemetry.committed({("crm.lead.created", "applied"): 1}, {"not_json": 1}, 0.01)
    telemetry.lag(0, 1)
    telemetry.state(0, "held", "partitions")
    telemetry.lost.labels("0").inc()
    telemetry.misplaced.labels("0").inc()
    telemetry.errors.labels("redis", "ConnectionError").inc()
    telemetry.fetch_errors.labels("0", "KafkaError").inc()
    telemetry.kafka_up.set(1)
    return telemetry
