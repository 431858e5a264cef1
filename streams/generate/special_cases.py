"""Cases for those alerts of the pipeline whose trouble is no value that stays: times, absence, counters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.pipeline import Limit, Pipeline
from schemas.words import span_ms
from streams import naming
from streams.engine.plan import Plan
from streams.generate.alert_rule import Severity
from streams.generate.case import NOTHING, STALE, Case, Fires, Phase, Scenario, minutes, series
from streams.generate.humanized import duration, percentage
from streams.generate.pipeline_alerts import troubles
from streams.generate.pipeline_cases import fires
from streams.generate.promql import selector
from streams.generate.silence import HALF_A_DAY_S
from streams.generate.trouble import Trouble
from streams.generate.watcher_alerts import RULE_FAILURES, UNSENT


@dataclass(frozen=True, slots=True)
class _Alert:
    """One alert, with what the catalog says of it."""

    trouble: Trouble
    plan: Plan

    @property
    def limits(self) -> Pipeline:
        return self.plan.catalog.pipeline

    @property
    def lasting(self) -> int:
        return minutes(self.trouble.for_)

    def case(self, measured: Mapping[str, str], checks: Mapping[int, Sequence[Fires]]) -> Case:
        return Case(self.trouble.name, measured, checks)

    def fires(self, severity: Severity, summary: str, **labels: str) -> Fires:
        return fires(self.plan, self.trouble, severity, summary, labels)


def special_scenarios(plan: Plan) -> list[Scenario]:
    """Each law with the alerts that it is about."""
    found = {trouble.name: _Alert(trouble, plan) for trouble in troubles(plan.catalog.pipeline)}
    return [
        Scenario(law, [case for name in names for case in cases(found[name])])
        for law, (names, cases) in _LAWS.items()
    ]


# -- Times ------------------------------------------------------------------------------------------------


def _no_event(alert: _Alert) -> Iterator[Case]:
    """The newest event is old from the first minute on, and no older than a day in the end."""
    lasting = alert.lasting
    age = _last_well(alert.limits) - 60 * (lasting + 1)
    yield alert.case(series(naming.LAST_EVENT, {}, [(-age, lasting + 2)]), {lasting: [], lasting + 1: []})


def _late_event(alert: _Alert) -> Iterator[Case]:
    """It fires; then comes what is late, and so does not end it; then what is new."""
    lasting, critical = alert.lasting, span_ms(alert.limits.last_event.critical) / 1000
    old, late = _last_well(alert.limits) + 60, critical + 60
    new = 2 * lasting + 3
    phases: list[Phase] = [(-old, lasting + 1), (-late, new - lasting - 1), (60 * new, lasting + 1)]

    def found(at: int, age: float) -> list[Fires]:
        summary = f"No event for {duration(60 * at + age)}"
        return [alert.fires("critical", summary), alert.fires("warning", summary)]

    checks = {
        lasting - 1: [],
        lasting: found(lasting, old),
        new - 1: found(new - 1, late),
        new + lasting: [],
    }
    yield alert.case(series(naming.LAST_EVENT, {}, phases), checks)


def _last_well(limits: Pipeline) -> float:
    """The oldest that is not too old as long as nobody knows what is usual, in seconds."""
    return max(span_ms(limits.last_event.critical) / 1000, limits.last_event.times_usual * HALF_A_DAY_S)


def _stays_silent(alert: _Alert) -> Iterator[Case]:
    """Another board has seen that it usually speaks at once; an hour later that has seen it silent, too."""
    lasting, age = alert.lasting, 2 * span_ms(alert.limits.source.warn) / 1000
    source = {"source": "/till"}
    measured = series(naming.EVENT_AGE, {"instance": "one", **source}, [(age, 121)])
    measured |= series(
        naming.EVENT_AGE, {"instance": "two", **source}, [(0, lasting + 1), (age, 120 - lasting)]
    )
    found = [alert.fires("warning", f"Nothing from /till for {duration(age)}", **source)]
    yield alert.case(measured, {lasting - 1: [], lasting: found, 60 + 2 * lasting: found, 120: found})


def _seldom(alert: _Alert) -> Iterator[Case]:
    """A ledger was always so silent; of `other` one board has seen that it usually speaks at once."""
    age, lasting = 2 * span_ms(alert.limits.source.warn) / 1000, alert.lasting
    silent: list[Phase] = [(age, lasting + 1)]
    measured = series(naming.EVENT_AGE, {"source": "/ledger"}, silent)
    measured |= series(naming.EVENT_AGE, {"instance": "one", "source": naming.OTHER}, silent)
    measured |= series(naming.EVENT_AGE, {"instance": "two", "source": naming.OTHER}, [(0, lasting + 1)])
    yield alert.case(measured, {lasting: []})


# -- Absence ----------------------------------------------------------------------------------------------

_PULSES: Final = {"CrmWorkersDown": naming.KAFKA_UP, "CrmBoardsDown": naming.PARTITIONS_STALE}
"""Alert -> what those whom it misses always show."""
_MISSING: Final = {"CrmWorkersDown": "No worker answers", "CrmBoardsDown": "No board answers"}


def _missing(alert: _Alert) -> Iterator[Case]:
    """There for some minutes, then gone for long enough, then there again."""
    name, lasting, gone = alert.trouble.name, alert.lasting, 5
    back = gone + lasting + 1
    phases: list[Phase] = [(0, gone), (STALE, lasting + 1), (0, lasting + 1)]
    measured = series(_PULSES[name], {"instance": "one"}, phases)
    found = [alert.fires("critical", _MISSING[name])]
    checks = {gone - 1: [], gone + lasting - 1: [], gone + lasting: found, back + lasting - 1: found}
    yield alert.case(measured, {**checks, back + lasting: []})


def _never_there(alert: _Alert) -> Iterator[Case]:
    found, lasting = alert.fires("critical", _MISSING[alert.trouble.name]), alert.lasting
    yield alert.case({}, {lasting - 1: [], lasting: [found]})


def _of_kafka(first: float, second: float) -> Callable[[_Alert], Iterator[Case]]:
    """What two workers say of it."""

    def cases(alert: _Alert) -> Iterator[Case]:
        lasting, said = alert.lasting, {"one:6066": first, "two:6066": second}
        measured: dict[str, str] = {}
        for worker, up in said.items():
            measured |= series(naming.KAFKA_UP, {"instance": worker}, [(up, lasting + 1)])
        found = [
            alert.fires("warning", f"Kafka does not answer the worker at {worker}", instance=worker)
            for worker, up in said.items()
            if not up
        ]
        if not any(said.values()):
            found.append(alert.fires("critical", "Kafka does not answer"))
        yield alert.case(measured, {lasting - 1: [], lasting: found})

    return cases


# -- Counters ---------------------------------------------------------------------------------------------

_JUMP: Final = 20
"""The minute at which a counter grows."""
_COUNTED: Final = 15
"""For so many minutes that is seen."""


def _jumps(beyond: bool, severity: Severity) -> Callable[[_Alert], Iterator[Case]]:
    """A counter grows once: from 0, so that its increase is exact, or from nothing, where it has labels."""

    def cases(alert: _Alert) -> Iterator[Case]:
        metric, labels, shown, limit, summary = _COUNTERS[alert.trouble.name](alert.limits)
        lasting, allowed = alert.lasting, limit.critical if severity == "critical" else limit.warn
        number, length = allowed + beyond, _COUNTED + 2 * lasting + 1
        found = [alert.fires(one, summary.format(number), **shown) for one in _beyond(number, limit)]
        phases: list[Phase] = [(NOTHING if labels else 0, _JUMP), (number, length)]
        over = _JUMP + _COUNTED
        checks = {_JUMP + lasting - 1: [], _JUMP + lasting: found, over + lasting - 2: found}
        if lasting < _COUNTED - 1:
            measured = series(metric, {"job": naming.WORKER_JOB, **labels}, phases)
            yield alert.case({**measured, **_looked_at(_JUMP + length)}, {**checks, over + lasting: []})

    return cases


def _looked_at(length: int) -> dict[str, str]:
    """A worker that is scraped for so long."""
    return series("up", {"job": naming.WORKER_JOB, "instance": "one"}, [(1, length)])


_Counter = tuple[str, Mapping[str, str], Mapping[str, str], Limit, str]
"""(metric, its labels, those of the alert, limit, summary)."""


def _errors(limits: Pipeline) -> _Counter:
    shown = {"cause": "redis"}
    summary = "Partitions opened again {:.0f} times in 15 minutes: redis"
    return f"{naming.ERRORS}_total", {**shown, "error": "TimeoutError"}, shown, limits.errors, summary


def _fenced(limits: Pipeline) -> _Counter:
    return f"{naming.FENCED}_total", {}, {}, limits.fenced, "{:.0f} commits were refused in 15 minutes"


_COUNTERS: Final[Mapping[str, Callable[[Pipeline], _Counter]]] = {
    "CrmCommitFailures": _errors,
    "CrmFenced": _fenced,
}


def _beyond(value: float, limit: Limit) -> list[Severity]:
    """The severities with which it fires."""
    both: dict[Severity, float] = {"critical": limit.critical, "warning": limit.warn}
    return [severity for severity, allowed in both.items() if value > allowed]


_LOSSES: Final[Mapping[str, tuple[str, Severity, str]]] = {
    "CrmRecordsLost": (naming.LOST, "critical", "Partition 3 lost {} records"),
    "CrmRecordsMisplaced": (
        naming.MISPLACED,
        "warning",
        "Partition 3 has {} records that belong elsewhere",
    ),
}


def _lost(alert: _Alert) -> Iterator[Case]:
    """The counter begins with 5 in the seventieth minute; 70 minutes later there are 3 more."""
    metric, severity, summary = _LOSSES[alert.trouble.name]
    labels = {"partition": "3"}
    phases: list[Phase] = [(NOTHING, 70), (5, 70), (8, 70)]

    def found(number: int) -> list[Fires]:
        return [alert.fires(severity, summary.format(number), **labels)]

    counted = series(f"{metric}_total", {"job": naming.WORKER_JOB, **labels}, phases)
    checks = {69: [], 70: [], 71: found(5), 129: found(5), 132: [], 140: [], 141: found(3), 202: []}
    yield alert.case({**counted, **_looked_at(210)}, checks)


def _lost_before(alert: _Alert) -> Iterator[Case]:
    """The counter is there from the first minute on, as is the worker."""
    metric, _, _ = _LOSSES[alert.trouble.name]
    counted = series(f"{metric}_total", {"job": naming.WORKER_JOB, "partition": "3"}, [(5, 90)])
    yield alert.case({**counted, **_looked_at(90)}, {2: [], 30: [], 89: []})


def _fails(metric: str, summary: str, **labels: str) -> Callable[[_Alert], Iterator[Case]]:
    """A counter of those who watch grows every minute."""

    def cases(alert: _Alert) -> Iterator[Case]:
        lasting, [severity] = alert.lasting, alert.trouble.exprs
        counted = {selector(metric, {**labels, "instance": "one"}): f"0+1x{lasting + 1}"}
        yield alert.case(counted, {lasting: [], lasting + 1: [alert.fires(severity, summary, **labels)]})

    return cases


def _commits(beyond: bool, severity: Severity) -> Callable[[_Alert], Iterator[Case]]:
    """Of 100 commits a second 99 take so long at most, and one takes ten times as long."""

    def cases(alert: _Alert) -> Iterator[Case]:
        limit, lasting = alert.limits.commit_seconds, alert.lasting
        seconds = (limit.critical if severity == "critical" else limit.warn) * (1.5 if beyond else 1)
        buckets = {f"{seconds:g}": 99, f"{10 * seconds:g}": 100, "+Inf": 100}
        measured = {
            f'{naming.COMMIT_SECONDS}_bucket{{le="{bound}"}}': f"0+{60 * a_second}x{lasting + 2}"
            for bound, a_second in buckets.items()
        }
        summary = f"Commits take up to {duration(seconds)}"
        found = [alert.fires(one, summary) for one in _beyond(seconds, limit)]
        yield alert.case(measured, {lasting: [], lasting + 1: found})

    return cases


def _publishing(then: float | str) -> Callable[[_Alert], Iterator[Case]]:
    """Webhooks publish for some minutes; then a server tells this of itself."""

    def cases(alert: _Alert) -> Iterator[Case]:
        well, lasting = 3, alert.lasting
        measured = series(naming.INTAKE_UP, {"instance": "one:8700"}, [(1, well), (then, lasting + 1)])
        found = [] if then == 1 else [alert.fires("critical", "Webhooks cannot publish")]
        yield alert.case(measured, {well + lasting - 1: [], well + lasting: found})

    return cases


def _refused(beyond: bool) -> Callable[[_Alert], Iterator[Case]]:
    """Of 1,000 requests a minute so many; those for no vendor do not count, nor do strangers."""

    def cases(alert: _Alert) -> Iterator[Case]:
        lasting = alert.lasting
        refused = round(1_000 * alert.limits.webhooks.warn) + beyond
        each = {
            ("stripe", "accepted"): 900 - refused,
            ("stripe", "asked"): 100,
            ("stripe", "unsigned_mismatch"): refused - 1,
            ("stripe", "faulty"): 1,
            ("stripe", "unsigned_missing"): 1_000,
            ("hubspot", "not_set_up"): 1_000,
            ("zendesk", "accepted"): 1,
            (naming.NO_VENDOR, "not_found"): 1_000,
        }
        measured = {
            selector(f"{naming.INTAKE_REQUESTS}_total", {"vendor": vendor, "outcome": outcome}): (
                f"0+{number}x{lasting + 2}"
            )
            for (vendor, outcome), number in each.items()
        }
        summary = f"{percentage(refused / 1_000)} of the requests of stripe are refused"
        found = [alert.fires("warning", summary, vendor="stripe")] if beyond else []
        yield alert.case(measured, {lasting: [], lasting + 1: found})

    return cases


_Cases = Callable[[_Alert], Iterator[Case]]
_COUNTING: Final = tuple(_COUNTERS)
_SLOW: Final = ("CrmCommitsSlow",)
_WEBHOOKS: Final = ("CrmWebhooksDown",)
_LAWS: Final[Mapping[str, tuple[Sequence[str], _Cases]]] = {
    "As long as nobody knows what is usual, less than a day is no silence": (("CrmNoFreshEvent",), _no_event),
    "A silence ends with what is new, not with what is less old": (("CrmNoFreshEvent",), _late_event),
    "A source that is missed is missed until it speaks": (("CrmSourceSilent",), _stays_silent),
    "A source that seldom speaks is not missed when it is silent, and `other` is none": (
        ("CrmSourceSilent",),
        _seldom,
    ),
    "Who was there and is gone is missed": (tuple(_PULSES), _missing),
    "Who was never there is missed too": (tuple(_PULSES), _never_there),
    "Kafka that answers nobody is critical": (("CrmKafkaDown",), _of_kafka(0, 0)),
    "Kafka that answers one worker, and not the other, is a warning": (("CrmKafkaDown",), _of_kafka(1, 0)),
    "Kafka that answers all is well": (("CrmKafkaDown",), _of_kafka(1, 1)),
    "As many as the limit of a warning are well": (_COUNTING, _jumps(False, "warning")),
    "One more is a warning": (_COUNTING, _jumps(True, "warning")),
    "As many as the limit of what is critical are a warning": (_COUNTING, _jumps(False, "critical")),
    "One more is critical": (_COUNTING, _jumps(True, "critical")),
    "Losses are told when a counter is born, and when it grows": (tuple(_LOSSES), _lost),
    "What was lost before anybody looked is not told as new": (tuple(_LOSSES), _lost_before),
    "Rules that fail are told": (
        ("CrmRulesFail",),
        _fails(RULE_FAILURES, "Rules of kpis.yaml;crm-sales fail", rule_group="kpis.yaml;crm-sales"),
    ),
    **{
        f"What is not sent is told, by {metric}": (
            ("CrmAlertsNotSent",),
            _fails(metric, f"{job} could not tell of alerts", job=job),
        )
        for metric in UNSENT
        for job in [metric.partition("_")[0]]
    },
    "Webhooks that publish are well": (_WEBHOOKS, _publishing(1)),
    "Webhooks that cannot publish are critical": (_WEBHOOKS, _publishing(0)),
    "Webhooks that were there and are gone are critical": (_WEBHOOKS, _publishing(STALE)),
    "Requests refused as often as the limit says are well": (("CrmWebhooksRefused",), _refused(False)),
    "One more in a thousand is a warning": (("CrmWebhooksRefused",), _refused(True)),
    "Commits exactly at the limit of a warning are well": (_SLOW, _commits(False, "warning")),
    "Slower ones are a warning": (_SLOW, _commits(True, "warning")),
    "Exactly at the limit of what is critical they are a warning": (_SLOW, _commits(False, "critical")),
    "Slower ones are critical": (_SLOW, _commits(True, "critical")),
}
"""Law -> the alerts that it is about, and its cases for one of them."""
