"""Alert rules of the pipeline itself, with thresholds from the catalog's section `pipeline`."""

from collections.abc import Iterator
from typing import Final

from schemas.pipeline import Pipeline
from schemas.words import Span
from streams import naming
from streams.engine.plan import Plan
from streams.generate import silence as silences
from streams.generate.alert_rule import AlertRule, Severity
from streams.generate.intake_alerts import intake_troubles
from streams.generate.promql import indented, number
from streams.generate.trouble import Trouble
from streams.generate.watcher_alerts import watcher_troubles

_GRAVE: Final = frozenset[Severity]({"critical"})


def pipeline_alerts(plan: Plan) -> list[AlertRule]:
    """Of freshness, workers, Kafka and Redis."""
    links, pipeline = plan.catalog.links, plan.catalog.pipeline
    return [
        AlertRule(
            name=trouble.name,
            severity=severity,
            expr=trouble.lasting.get(severity, expr),
            bare_expr=expr,
            for_=trouble.for_,
            keep_firing_for=trouble.for_,
            owner=pipeline.owner,
            group=naming.PIPELINE,
            annotations={
                "summary": trouble.summary,
                "description": trouble.description,
                "board_url": f"{links.board}/",
                "runbook_url": f"{links.board}/docs/runbooks/{trouble.name}",
            },
            stale=severity in trouble.stale,
        )
        for trouble in troubles(pipeline)
        for severity, expr in trouble.exprs.items()
    ]


def troubles(limits: Pipeline) -> Iterator[Trouble]:
    """All, those first that are nearest to the numbers."""
    yield from _freshness(limits)
    yield from _partitions(limits)
    yield from _processes(limits)
    yield from _work(limits)
    yield from _losses()
    yield _redis(limits)
    yield from intake_troubles(limits)
    yield from watcher_troubles(limits)


def _freshness(limits: Pipeline) -> Iterator[Trouble]:
    last, silence = limits.last_event, silences.of_all(limits.last_event)
    since: dict[Severity, Span] = {"critical": last.critical, "warning": last.warn}
    yield Trouble(
        silence.alert,
        {severity: silence.expr(span) for severity, span in since.items()},
        last.for_,
        "No event for {{ $value | humanizeDuration }}",
        "Nothing is published, or nothing of it is counted: every number stands still.",
        "A partition stands",
        stale=_GRAVE,
        lasting={severity: silence.lasting(severity, span) for severity, span in since.items()},
    )
    source, silence = limits.source, silences.of_source(limits.source)
    yield Trouble(
        silence.alert,
        {"warning": silence.expr(source.warn)},
        source.for_,
        "Nothing from {{ $labels.source }} for {{ $value | humanizeDuration }}",
        "Its connector stands still, or all it sends is refused: "
        f"{number(source.times_usual)} times as long as usual.",
        "Metrics of the board",
        lasting={"warning": silence.lasting("warning", source.warn)},
    )


def _partitions(limits: Pipeline) -> Iterator[Trouble]:
    yield Trouble(
        "CrmPartitionsStale",
        {"critical": f"max({naming.PARTITIONS_STALE}) > 0"},
        limits.partitions,
        "{{ $value }} partitions are not counted",
        "No worker owns them, or the board cannot read them: the numbers lack what happens there.",
        "The board",
        stale=_GRAVE,
    )
    yield Trouble(
        "CrmPartitionHeld",
        {"critical": f"max by (partition, reason) ({naming.PARTITION_HELD}) > 0"},
        limits.partitions,
        "Partition {{ $labels.partition }} is held: {{ $labels.reason }}",
        "It is not counted until somebody has looked: going on would make wrong numbers in silence.",
        "Holds",
        stale=_GRAVE,
    )


def _processes(limits: Pipeline) -> Iterator[Trouble]:
    yield Trouble(
        "CrmWorkersDown",
        {"critical": f"absent({naming.KAFKA_UP})"},
        limits.processes,
        "No worker answers",
        "Nothing is counted. Kafka keeps what comes, as long as its retention says.",
        "What runs where",
        stale=_GRAVE,
    )
    yield Trouble(
        "CrmBoardsDown",
        {"critical": f"absent({naming.PARTITIONS_STALE})"},
        limits.processes,
        "No board answers",
        "No gauges are scraped: no alert on a KPI can fire. Runbooks are on the board, too; so: does "
        "the process run, and does Prometheus (/targets) say 401? Start it, or give Prometheus its token.",
        "The board",
        stale=_GRAVE,
    )
    jobs = "|".join((naming.WORKER_JOB, naming.BOARD_JOB))
    yield Trouble(
        "CrmProcessDown",
        {"warning": f'up{{job=~"{jobs}"}} == 0'},
        limits.processes,
        "{{ $labels.job }} at {{ $labels.instance }} does not answer",
        "Others of its kind do its work, if there are any; without a board no alert on a KPI can fire.",
        "What runs where",
    )
    yield Trouble(
        "CrmKafkaDown",
        {
            "critical": f"max({naming.KAFKA_UP}) == 0",
            "warning": f"min by (instance) ({naming.KAFKA_UP}) == 0",
        },
        limits.kafka,
        "Kafka does not answer{{ with $labels.instance }} the worker at {{ . }}{{ end }}",
        "The numbers stay as they are until it does.",
        "Kafka is in trouble",
        stale=_GRAVE,
    )


def _work(limits: Pipeline) -> Iterator[Trouble]:
    lag = f"max by (partition) ({naming.LAG})"
    yield Trouble(
        "CrmLag",
        _beyond(lag, limits.lag.warn, limits.lag.critical),
        limits.lag.for_,
        "Partition {{ $labels.partition }} is {{ $value | humanize }} records behind",
        "What has happened lately is not in the numbers yet.",
        "The lag grows",
        stale=_GRAVE,
    )
    slowest = f"histogram_quantile(0.99, sum by (le) (rate({naming.COMMIT_SECONDS}_bucket[5m])))"
    yield Trouble(
        "CrmCommitsSlow",
        _beyond(slowest, limits.commit_seconds.warn, limits.commit_seconds.critical),
        limits.commit_seconds.for_,
        "Commits take up to {{ $value | humanizeDuration }}",
        "Redis is slow, or Kafka is with dead letters: the lag will grow.",
        "The lag grows",
    )
    errors = _grown(f"{naming.ERRORS}_total", "15m", "cause")
    yield Trouble(
        "CrmCommitFailures",
        _beyond(errors, limits.errors.warn, limits.errors.critical),
        limits.errors.for_,
        'Partitions opened again {{ $value | printf "%.0f" }} times in 15 minutes: {{ $labels.cause }}',
        "Work is rolled back and done again; nothing is lost, and nothing gets done while it goes on.",
        "Redis is in trouble",
    )
    fenced = f"sum(increase({naming.FENCED}_total[15m]))"
    yield Trouble(
        "CrmFenced",
        _beyond(fenced, limits.fenced.warn, limits.fenced.critical),
        limits.fenced.for_,
        '{{ $value | printf "%.0f" }} commits were refused in 15 minutes',
        "Two workers believe that a partition is theirs. The numbers are right, the work is done twice.",
        "Fenced commits",
    )


def _losses() -> Iterator[Trouble]:
    lost = _grown(f"{naming.LOST}_total", "1h", "partition")
    misplaced = _grown(f"{naming.MISPLACED}_total", "1h", "partition")
    yield Trouble(
        "CrmRecordsLost",
        {"critical": f"{lost} > 0"},
        "1m",
        'Partition {{ $labels.partition }} lost {{ $value | printf "%.0f" }} records',
        "Kafka deleted them before they were read: the numbers lack them for good.",
        "Records lost to retention",
    )
    yield Trouble(
        "CrmRecordsMisplaced",
        {"warning": f"{misplaced} > 0"},
        "1m",
        'Partition {{ $labels.partition }} has {{ $value | printf "%.0f" }} records that belong elsewhere',
        "A producer places keys in its own way: the events of one customer do not meet.",
        "Misplaced records",
    )


def _redis(limits: Pipeline) -> Trouble:
    share = f"max({naming.REDIS_MEMORY} / {naming.REDIS_MEMORY_LIMIT})"
    return Trouble(
        "CrmRedisMemory",
        _beyond(share, limits.redis_memory.warn, limits.redis_memory.critical),
        limits.redis_memory.for_,
        "Redis has filled {{ $value | humanizePercentage }} of its memory",
        "When it is full it refuses every commit: nothing is lost, and nothing is counted any more.",
        "Sizing",
    )


def _beyond(expr: str, warn: float, critical: float) -> dict[Severity, str]:
    return {"critical": f"{expr} > {number(critical)}", "warning": f"{expr} > {number(warn)}"}


def _grown(counter: str, span: Span, by: str) -> str:
    """By how much a counter of workers has grown; one that was born in the span counts whole.

    Unless nobody looked at workers before: then nobody knows when it counted.
    """
    born = f"unless last_over_time({counter}[1d] offset {span})"
    looked = f'and on (job) up{{job="{naming.WORKER_JOB}"}} offset {span}'
    each = f"{counter}\n{born}\n{looked}\nor\nincrease({counter}[{span}])"
    return f"sum by ({by}) (\n{indented(each)}\n)"
