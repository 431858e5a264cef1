"""Cases for the alerts of the pipeline, from the catalog's section `pipeline`, not from the rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.pipeline import Limit, Pipeline
from schemas.words import span_ms
from streams import naming
from streams.engine.plan import Plan
from streams.generate.alert_rule import Severity
from streams.generate.case import STALE, Case, Fires, Phase, Scenario, minutes, series
from streams.generate.humanized import duration, humanize, percentage
from streams.generate.pipeline_alerts import troubles
from streams.generate.trouble import Trouble

_Measured = Callable[[Sequence[Phase]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Probe:
    """How one alert is tried: a value that stands for its trouble, and what is measured while it has that."""

    alert: str
    values: Mapping[Severity, float]
    """The last values that are well enough, by the severity with which a worse one fires."""
    step: float
    """By how much a value is beyond."""
    measured: _Measured
    """Of the value's phases the series and their values."""
    summary: Callable[[float], str]
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the series that fires."""


def pipeline_scenarios(plan: Plan) -> list[Scenario]:
    """Of all alerts of the pipeline."""
    found = {trouble.name: trouble for trouble in troubles(plan.catalog.pipeline)}
    probes = [_Tried(probe, found[probe.alert], plan) for probe in _probes(plan.catalog.pipeline)]
    return [Scenario(law, [case for one in probes for case in cases(one)]) for law, cases in _LAWS.items()]


def _probes(limits: Pipeline) -> Iterator[Probe]:
    in_partition = {"partition": "3"}
    yield Probe(
        "CrmSourceSilent",
        {"warning": span_ms(limits.source.warn) / 1000},
        60,
        _age_of_shop,
        lambda value: f"Nothing from /shop for {duration(value)}",
        {"source": "/shop"},
    )
    yield Probe(
        "CrmPartitionsStale",
        {"critical": 0},
        1,
        _gauge(naming.PARTITIONS_STALE),
        lambda value: f"{value:g} partitions are not counted",
    )
    held = {**in_partition, "reason": "eviction"}
    yield Probe(
        "CrmPartitionHeld",
        {"critical": 0},
        1,
        _gauge(naming.PARTITION_HELD, held),
        lambda value: "Partition 3 is held: eviction",
        held,
    )
    process = {"job": naming.WORKER_JOB, "instance": "worker:6066"}
    yield Probe(
        "CrmProcessDown",
        {"warning": 1},
        -1,
        _gauge("up", process),
        lambda value: "crm-worker at worker:6066 does not answer",
        process,
    )
    manager = {"job": naming.ALERTMANAGER_JOB, "instance": "alertmanager:9093"}
    yield Probe(
        "CrmAlertmanagerDown",
        {"critical": 1},
        -1,
        _gauge("up", manager),
        lambda value: "Alertmanager at alertmanager:9093 does not answer",
        manager,
    )
    yield Probe(
        "CrmLag",
        _values(limits.lag),
        1,
        _gauge(naming.LAG, in_partition),
        lambda value: f"Partition 3 is {humanize(value)} records behind",
        in_partition,
    )
    yield Probe(
        "CrmRedisMemory",
        _values(limits.redis_memory),
        0.001,
        _share_of_memory,
        lambda value: f"Redis has filled {percentage(value)} of its memory",
    )


def _values(limit: Limit) -> dict[Severity, float]:
    return {"critical": limit.critical, "warning": limit.warn}


# -- What is measured -------------------------------------------------------------------------------------


def _gauge(
    metric: str, labels: Mapping[str, str] | None = None
) -> Callable[[Sequence[Phase]], dict[str, str]]:
    own = {"instance": "one", **(labels or {})}
    return lambda phases: series(metric, own, phases)


def _age_of_shop(phases: Sequence[Phase]) -> dict[str, str]:
    """Of a source that usually speaks at once: another board has seen nothing else."""
    lasting = sum(length for _, length in phases)
    usual = series(naming.EVENT_AGE, {"instance": "two", "source": "/shop"}, [(0, lasting)])
    return {**_gauge(naming.EVENT_AGE, {"source": "/shop"})(phases), **usual}


def _share_of_memory(phases: Sequence[Phase]) -> dict[str, str]:
    """Of a memory of 1,000 bytes."""
    limit = [(value if value == STALE else 1_000, length) for value, length in phases]
    used = [(value if isinstance(value, str) else round(value * 1_000), length) for value, length in phases]
    return {**series(naming.REDIS_MEMORY, {}, used), **series(naming.REDIS_MEMORY_LIMIT, {}, limit)}


# -- The laws ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tried:
    """A probe, with what the list of alerts says beside the conditions."""

    probe: Probe
    trouble: Trouble
    plan: Plan

    @property
    def lasting(self) -> int:
        return minutes(self.trouble.for_)

    def worse(self, severity: Severity) -> float:
        """A little beyond what is well enough."""
        return round(self.probe.values[severity] + self.probe.step, 9)

    def fires(self, value: float) -> list[Fires]:
        """With every severity whose limit the value is beyond."""
        forward = 1 if self.probe.step > 0 else -1
        return [
            fires(self.plan, self.trouble, severity, self.probe.summary(value), self.probe.labels)
            for severity, limit in self.probe.values.items()
            if forward * value > forward * limit
        ]

    def steady(self, value: float) -> Case:
        measured, last = self.probe.measured([(value, self.lasting + 2)]), self.fires(value)
        return Case(self.probe.alert, measured, {self.lasting - 1: [], self.lasting: last})

    def ends(self, after: float | str) -> Case:
        """It fires, is over, and comes again before it has ended; then it is over for good."""
        lasting = self.lasting
        worst = self.worse(next(iter(self.probe.values)))
        again, last = 2 * lasting + 1, self.fires(worst)
        phases: list[Phase] = [(worst, lasting + 1), (after, lasting), (worst, 1), (after, lasting + 1)]
        checks = {lasting: last, again: last, again + lasting: last, again + lasting + 1: []}
        return Case(self.probe.alert, self.probe.measured(phases), checks)


def fires(plan: Plan, trouble: Trouble, severity: Severity, summary: str, labels: Mapping[str, str]) -> Fires:
    """An alert of the pipeline, as Prometheus tells of it."""
    board, stale = plan.catalog.links.board, {"stale": "true"} if severity in trouble.stale else {}
    return Fires(
        {"severity": severity, "owner": plan.catalog.pipeline.owner, "group": "pipeline", **stale, **labels},
        {
            "summary": summary,
            "description": trouble.description,
            "board_url": f"{board}/",
            "runbook_url": f"{board}/docs/runbooks/{trouble.name}",
        },
    )


def _at(severity: Severity) -> Callable[[_Tried], Iterator[Case]]:
    def cases(tried: _Tried) -> Iterator[Case]:
        if severity in tried.probe.values:
            yield tried.steady(tried.probe.values[severity])

    return cases


def _beyond(severity: Severity) -> Callable[[_Tried], Iterator[Case]]:
    def cases(tried: _Tried) -> Iterator[Case]:
        if severity in tried.probe.values:
            yield tried.steady(tried.worse(severity))

    return cases


def _nothing(tried: _Tried) -> Iterator[Case]:
    yield Case(tried.probe.alert, {}, {tried.lasting + 1: []})


def _flaps(tried: _Tried) -> Iterator[Case]:
    yield tried.ends(list(tried.probe.values.values())[-1])


def _gone(tried: _Tried) -> Iterator[Case]:
    yield tried.ends(STALE)


_LAWS: Final[Mapping[str, Callable[[_Tried], Iterator[Case]]]] = {
    "Without data nothing fires": _nothing,
    "Exactly at the limit of a warning nothing fires": _at("warning"),
    "Beyond it for as long as the catalog says there is a warning, and not a minute sooner": _beyond(
        "warning"
    ),
    "Exactly at the limit of what is critical there is no more than a warning": _at("critical"),
    "Beyond it both fire": _beyond("critical"),
    "What comes again before it has ended goes on": _flaps,
    "What is measured no more ends as what is over does": _gone,
}
