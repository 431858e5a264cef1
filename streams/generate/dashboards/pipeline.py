"""The dashboard of the pipeline itself: how fresh the numbers are, who counts, and what is not counted."""

from collections.abc import Iterator
from typing import Final

from schemas.words import span_ms
from streams import naming
from streams.engine.plan import Plan
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.frame import Frame, Made, dashboard
from streams.generate.dashboards.groups import TITLES, choices_of, details, names_of
from streams.generate.dashboards.kpis import KpiPanels
from streams.generate.dashboards.layout import Line, Section, evenly, line
from streams.generate.dashboards.looks import above
from streams.generate.dashboards.panels import Column
from streams.generate.dashboards.watch import Watch

GROUP: Final = naming.PIPELINE
_RATE: Final = "[$__rate_interval]"
_NONE: Final = "none"
_MONTH: Final = "30d"


def pipeline_dashboard(plan: Plan) -> Made:
    """With the KPIs of its group, if the catalog has any."""
    names = names_of(plan, GROUP)
    choices = choices_of(plan, names)
    about = "How fresh the numbers are, who counts, how fast, and what is not counted."
    frame = Frame(GROUP, TITLES[GROUP], about, choices, [GROUP], span="3h")
    return dashboard(plan, frame, _sections(plan, choices))


def _sections(plan: Plan, choices: Choices) -> Iterator[Section]:
    watch = Watch.of(plan)
    numbers = [tile for name in names_of(plan, GROUP) for tile in KpiPanels(plan, name, choices).numbers()]
    alerts = line(6, (24, watch.alerts([GROUP])))
    yield Section("Can the numbers be trusted?", [*evenly(4, 8, [*watch.trust(), *numbers]), alerts])
    yield Section("How fresh they are", _freshness(watch))
    yield Section("How fast is counted", _speed(watch))
    yield Section("Commits and Redis", [_commits(watch), _failures(watch)])
    yield Section("What is not counted", _refused(watch))
    yield from details(plan, names_of(plan, GROUP), choices)
    yield Section("Who does the work", _processes(watch))
    yield Section("The last 30 days", _history(watch))


def _freshness(watch: Watch) -> list[Line]:
    silence = watch.plan.catalog.pipeline.source
    lag = watch.chart(
        "Age of an event when it was seen",
        "Of each partition's newest record, by its Kafka timestamp. It does not grow while nothing comes.",
        "s",
        {"partition {{partition}}": f"max by (partition) ({naming.EVENT_LAG})"},
    )
    newest = watch.chart(
        "Age of the newest event",
        "It grows while nothing is published, or nothing of it is counted.",
        "s",
        {"newest event": f"time() - max({naming.LAST_EVENT})"},
    )
    sources = watch.bars(
        "Age of each source's newest event",
        "How long ago a source of events was last heard of. One that is far behind the others stands still.",
        "s",
        f"max by (source) ({naming.EVENT_AGE})",
        "{{source}}",
        above(span_ms(silence.warn) / 1000),
    )
    return [line(8, (8, lag), (8, newest), (8, sources))]


def _speed(watch: Watch) -> list[Line]:
    lag = watch.chart(
        "Records that wait, by partition",
        "They may be read and are not committed. No line while it is not known how many.",
        "short",
        {"partition {{partition}}": f"max by (partition) ({naming.LAG})"},
    )
    events = watch.chart(
        "Events by what became of them",
        "applied: changed something; unchanged: a repeat; erased: its customer is; rejected: a dead letter.",
        "cps",
        {"{{outcome}}": f"sum by (outcome) (rate({naming.EVENTS}_total{_RATE}))"},
        stacked=True,
    )
    types = watch.chart(
        "Events by type",
        "The ten of which most come.",
        "cps",
        {"{{type}}": f"topk(10, sum by (type) (rate({naming.EVENTS}_total{_RATE})))"},
    )
    return [line(8, (8, lag), (8, events), (8, types))]


def _commits(watch: Watch) -> Line:
    seconds = watch.chart(
        "Time of a commit",
        "From its beginning to Redis' answer, with waiting for dead letters and reading what is not at hand.",
        "s",
        {"p50": _quantile(0.5, naming.COMMIT_SECONDS), "p99": _quantile(0.99, naming.COMMIT_SECONDS)},
    )
    events = watch.chart(
        "Records of a commit",
        "Few when the worker has caught up, many when it is behind.",
        "short",
        {"p50": _quantile(0.5, naming.BATCH_EVENTS), "p99": _quantile(0.99, naming.BATCH_EVENTS)},
    )
    memory = watch.chart(
        "Memory of Redis",
        "When it is full, Redis refuses every commit: nothing is lost, and nothing is counted any more.",
        "bytes",
        {
            "used": f"max({naming.REDIS_MEMORY})",
            "limit": f"max({naming.REDIS_MEMORY_LIMIT})",
        },
    )
    return line(8, (8, seconds), (8, events), (8, memory))


def _failures(watch: Watch) -> Line:
    fenced = watch.chart(
        "Commits refused, in 5 minutes",
        "The position in Redis was not the one that the worker had left. Single ones belong to a hand-over.",
        "short",
        {"fenced": f"sum(increase({naming.FENCED}_total[5m]))"},
    )
    errors = watch.chart(
        "Partitions opened again after an error, in 5 minutes",
        "By who did not answer, or failed. Work is rolled back and done again.",
        "short",
        {"{{cause}} {{error}}": f"sum by (cause, error) (increase({naming.ERRORS}_total[5m]))"},
        no_value=_NONE,
    )
    fetches = watch.chart(
        "Fetches that failed, in 5 minutes",
        "By partition and error of Kafka.",
        "short",
        {"{{partition}} {{error}}": f"sum by (partition, error) (increase({naming.FETCH_ERRORS}_total[5m]))"},
        no_value=_NONE,
    )
    return line(8, (8, fenced), (8, errors), (8, fetches))


def _quantile(q: float, histogram: str) -> str:
    return f"histogram_quantile({q}, sum by (le) (rate({histogram}_bucket{_RATE})))"


def _refused(watch: Watch) -> list[Line]:
    letters = watch.chart(
        "Dead letters by reason, in 5 minutes",
        "Records that could not be counted, as they lie in the topic of dead letters with what is wrong.",
        "short",
        {"{{reason}}": f"sum by (reason) (increase({naming.DEAD_LETTERS}_total[5m]))"},
        stacked=True,
        no_value=_NONE,
    )
    lost = watch.chart(
        "Lost, misplaced and forgotten, in all",
        "Lost: deleted by Kafka before they were read. Misplaced: not in the partition of their key. "
        "Forgotten: times that a full fact did not keep.",
        "short",
        {
            "lost": f"sum({naming.LOST}_total)",
            "misplaced": f"sum({naming.MISPLACED}_total)",
            "forgotten": f"sum({naming.FORGOTTEN}_total)",
        },
        no_value=_NONE,
    )
    return [line(8, (12, letters), (12, lost))]


def _processes(watch: Watch) -> list[Line]:
    up = watch.table(
        "Processes",
        "Workers and boards that Prometheus knows; 1 while one answers.",
        {"job": "Job", "instance": "Instance"},
        [
            Column(
                "Up", f'max by (job, instance) (up{{job=~"{naming.WORKER_JOB}|{naming.BOARD_JOB}"}})', "short"
            )
        ],
        "no process is known",
    )
    states = watch.table(
        "Partitions",
        "What each is doing; one that is held waits until somebody has looked.",
        {"partition": "Partition", "state": "State"},
        [Column("Workers", f"sum by (partition, state) ({naming.PARTITION_STATE})", "short")],
        "no worker has a partition",
    )
    held = watch.table(
        "Partitions that are held",
        "To go on would make wrong numbers in silence.",
        {"partition": "Partition", "reason": "Reason"},
        [Column("Workers", f"sum by (partition, reason) ({naming.PARTITION_HELD})", "short")],
        "none is held",
    )
    members = watch.table(
        "Members of dimensions",
        "More than the catalog expects take memory that nobody reckoned with.",
        {"dimension": "Dimension"},
        [Column("Members", f"max by (dimension) ({naming.DIMENSION_MEMBERS})", "short")],
        "none is known",
    )
    return [line(8, (6, up), (6, states), (6, held), (6, members))]


def _history(watch: Watch) -> list[Line]:
    """Of what Prometheus records: few series, which are cheap to look at over months."""
    events = watch.chart(
        "Events by what became of them, a month",
        "How much there was to do, whatever time range is chosen above.",
        "cps",
        {"{{outcome}}": f"max by (outcome) ({naming.EVENTS_RECORD})"},
        stacked=True,
        span=_MONTH,
    )
    letters = watch.chart(
        "Dead letters by reason, a month",
        "Since when something sends what cannot be counted.",
        "cps",
        {"{{reason}}": f"max by (reason) ({naming.DEAD_LETTERS_RECORD})"},
        stacked=True,
        span=_MONTH,
        no_value=_NONE,
    )
    seconds = watch.chart(
        "Time of a commit, p99, a month",
        "Whether it has always been so.",
        "s",
        {"p99": f"max({naming.COMMIT_P99_RECORD})"},
        span=_MONTH,
    )
    return [line(8, (8, events), (8, letters), (8, seconds))]
