"""Every name that the outside world sees: topics, Redis keys, metrics and their labels."""

import re
import zlib
from dataclasses import dataclass

EVENTS_TOPIC = "crm.events"
DEAD_LETTERS_TOPIC = "crm.dead-letters"
GROUP = "crm-kpis"
REPLAYED_HEADER = (
    "kpi-replayed"  # of a record that was a dead letter: `topic/partition/offset` of the original
)

ALL = "all"  # dimension and member of the whole
UNKNOWN = "unknown"  # member of a subject that no event gave one
OTHER = "other"  # what is not shown by its name, together
NOW = "now"  # window of a level

ROW_SHARDS = 4  # each is a command of its own, for every kind, in every read and write


def group_id(group: str, namespace: str) -> str:
    """Consumer group of one namespace; two namespaces never share offsets."""
    return f"{group}.{namespace}"


# -- Redis ------------------------------------------------------------------------------------------------
# The hash tag keeps a partition's keys in one slot of a Redis Cluster.


def partition_prefix(namespace: str, partition: int) -> str:
    return f"{{{namespace}:{partition}}}:"


def row_shard(subject_id: str) -> int:
    return zlib.crc32(subject_id.encode()) % ROW_SHARDS


def partition_keys_pattern(namespace: str) -> str:
    """Pattern (of SCAN) of all partitions' keys; the namespace itself must not contain `:`."""
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", namespace)
    return f"{{{literal}:*}}:*"


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    """Every Redis key of one partition; `prefix` is that of `partition_prefix`."""

    prefix: str

    @property
    def offset(self) -> str:
        """String "<offset> <token>"."""
        return f"{self.prefix}offset"

    @property
    def meta(self) -> str:
        """Hash: fingerprint, partitions, record_ms, record_offset, ..."""
        return f"{self.prefix}meta"

    @property
    def totals(self) -> str:
        """Hash: cell -> running total."""
        return f"{self.prefix}totals"

    @property
    def panes(self) -> str:
        """Sorted set: `pane_member` of every pane that exists, by the time at which it leaves its tier."""
        return f"{self.prefix}panes"

    @property
    def changes(self) -> str:
        """Stream: the change feed."""
        return f"{self.prefix}changes"

    @property
    def alive(self) -> str:
        """String that expires when its owner has not beaten for a while."""
        return f"{self.prefix}alive"

    def rows(self, kind: str, shard: int) -> str:
        """Hash: subject id -> row."""
        return f"{self.prefix}rows:{kind}:{shard}"

    def waiting(self, measure: str) -> str:
        """Sorted set: subject ids by the time since which they wait."""
        return f"{self.prefix}waiting:{measure}"

    def pane(self, tier: str, start_ms: int) -> str:
        """Hash: cell -> value."""
        return f"{self.panes}:{pane_member(tier, start_ms)}"


def pane_member(tier: str, start_ms: int) -> str:
    """The pane's name in the index and in the feed."""
    return f"{tier}:{start_ms}"


def split_pane_member(member: str) -> tuple[str, int]:
    tier, _, start_ms = member.partition(":")
    return tier, int(start_ms)


# -- Cells ------------------------------------------------------------------------------------------------


def cell(part: str, dimension: str, member: str) -> str:
    """A cell of a pane: `part` for the whole, `part|dimension|member` for a slice."""
    return part if dimension == ALL else f"{part}|{dimension}|{member}"


def split_cell(name: str) -> tuple[str, str, str]:
    """(part, dimension, member); the member may itself hold `|`."""
    part, _, slice_ = name.partition("|")
    if not slice_:
        return part, ALL, ALL
    dimension, _, member = slice_.partition("|")
    return part, dimension, member


def join_members(first: str, second: str) -> str:
    """The member of a pair of dimensions: `web,small`. In a member comma and backslash have a \\ before."""
    return f"{_escaped(first)},{_escaped(second)}"


def split_members(member: str) -> tuple[str, str]:
    """The two members of a pair; ValueError for what `join_members` cannot have made."""
    parts = _PAIR.fullmatch(member)
    if parts is None:
        raise ValueError(f"{member!r} is no member of a pair")
    first, second = (_ESCAPE.sub(r"\1", part) for part in parts.groups())
    return first, second


def _escaped(member: str) -> str:
    return member.replace("\\", "\\\\").replace(",", "\\,")


_PAIR = re.compile(r"((?:[^\\,]|\\[\\,])*),((?:[^\\,]|\\[\\,])*)", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\,])")

# -- Metrics of the worker --------------------------------------------------------------------------------

EVENTS = "crm_events"
DEAD_LETTERS = "crm_dead_letters"
COMMIT_SECONDS = "crm_commit_seconds"
BATCH_EVENTS = "crm_batch_events"
FENCED = "crm_fenced"
LOST = "crm_records_lost"
ERRORS = "crm_partition_errors"
FORGOTTEN = "crm_fact_times_forgotten"
LAG = "crm_partition_lag_records"
PARTITION_STATE = "crm_partition_state"
PARTITION_HELD = "crm_partition_held"
MISPLACED = "crm_records_misplaced"
FETCH_ERRORS = "crm_fetch_errors"
KAFKA_UP = "crm_kafka_up"
INVALID = "invalid"  # type of a record that is no event

# -- Metrics of the webhooks ------------------------------------------------------------------------------

INTAKE_REQUESTS = "crm_intake_requests"
INTAKE_SECONDS = "crm_intake_seconds"
INTAKE_EVENTS = "crm_intake_events"
INTAKE_IGNORED = "crm_intake_ignored"
INTAKE_GAPS = "crm_intake_gaps"
INTAKE_UP = "crm_intake_up"
NO_VENDOR = "none"  # of a request that is for no address of ours

# -- Totals that are not levels ---------------------------------------------------------------------------
# Committed with the panes, so that they are as exact; `!` keeps them apart from measures.

COUNTER = "!"
APPLIED = "!applied"
UNCHANGED = "!unchanged"
NEWEST_MS = "!newest_ms"


_SOURCE_MS = "!source_ms."


def rejects_total(reason: str) -> str:
    return f"!rejects.{reason}"


def source_total(source: str) -> str:
    """The time of a source's newest accepted event."""
    return f"{_SOURCE_MS}{source}"


def source_of(total: str) -> str | None:
    """The source of a `source_total`; None for another total."""
    return total.removeprefix(_SOURCE_MS) if total.startswith(_SOURCE_MS) else None


def is_time(total: str) -> bool:
    """Whether a total is a time: of several partitions the newest counts, and not their sum."""
    return total == NEWEST_MS or total.startswith(_SOURCE_MS)


# -- Metrics of the board ---------------------------------------------------------------------------------

NUMERATOR = "crm_kpi_numerator"
DENOMINATOR = "crm_kpi_denominator"
BOUND = "crm_kpi_bound"
SAMPLES = "crm_kpi_samples"
TARGET = "crm_kpi_target"
CHANGE = "crm_kpi_change"
VERDICT = "crm_kpi_verdict"
GUARDRAIL_BREACH = "crm_kpi_guardrail_breach"
INFO = "crm_kpi_info"
EVENT_LAG = "crm_event_lag_seconds"
EVENT_AGE = "crm_event_age_seconds"
LAST_EVENT = "crm_kpi_last_event_timestamp_seconds"
PARTITIONS_STALE = "crm_partitions_stale"
DIMENSION_MEMBERS = "crm_dimension_members"
REDIS_MEMORY = "crm_redis_memory_bytes"
REDIS_MEMORY_LIMIT = "crm_redis_memory_limit_bytes"

# -- Series that Prometheus records -----------------------------------------------------------------------

STALE_RECORD = "crm:pipeline_stale:bool"  # 1 while the numbers are old or not all there, else 0
EVENTS_RECORD = "crm:events:rate5m"
DEAD_LETTERS_RECORD = "crm:dead_letters:rate5m"
COMMIT_P99_RECORD = "crm:commit_seconds:p99_5m"
ON_TARGET_RECORD = "crm:kpi_on_target:bool"
ON_TARGET_DAY_RECORD = "crm:kpi_on_target:avg1d"  # for what share of the last 24 hours

# -- Labels of the board's metrics ------------------------------------------------------------------------

SLICE_LABELS = ("window", "dimension", "member")
# KPIs' own labels in this order; others come behind them.
OWN_LABELS = ("quantile", "clock", "state", "kind", "currency")
INFO_LABELS = ("kpi", "title", "group", "owner", "unit", "good", "guardrail")

RESERVED_GAUGES = frozenset(
    {
        *(NUMERATOR, DENOMINATOR, BOUND, SAMPLES, TARGET, CHANGE, VERDICT, GUARDRAIL_BREACH, INFO),
        *(EVENT_LAG, EVENT_AGE, LAST_EVENT, PARTITIONS_STALE, DIMENSION_MEMBERS),
        *(REDIS_MEMORY, REDIS_MEMORY_LIMIT),
    }
)
"""What no KPI's gauge may be called."""

# -- Alerts -----------------------------------------------------------------------------------------------

GUARDRAIL_ALERT = "CrmGuardrailBreach"
PIPELINE_ALERTS = (
    *("CrmNoFreshEvent", "CrmSourceSilent", "CrmPartitionsStale", "CrmPartitionHeld"),
    *("CrmWorkersDown", "CrmBoardsDown", "CrmProcessDown", "CrmKafkaDown", "CrmRedisMemory"),
    *("CrmLag", "CrmCommitsSlow", "CrmCommitFailures", "CrmFenced", "CrmRecordsLost", "CrmRecordsMisplaced"),
    *("CrmWebhooksDown", "CrmWebhooksRefused"),
    *("CrmRulesFail", "CrmAlertmanagerDown", "CrmAlertsNotSent"),
    GUARDRAIL_ALERT,
)
"""What no KPI's alert may be called."""
WORKER_JOB = "crm-worker"  # job of all workers in Prometheus
BOARD_JOB = "crm-board"
ALERTMANAGER_JOB = "alertmanager"
PROMETHEUS_JOB = "prometheus"
PIPELINE = "pipeline"  # the group of alerts about the pipeline itself
