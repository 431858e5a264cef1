"""Events as a producer writes them, and a ledger that keeps what the engine changes.

    ledger = Ledger().take(lead_created("lead-1", at="10:00"), lead_contacted("lead-1", at="11:00"))
    assert ledger.value("lead_response", window="24h", gauge="crm_lead_response_seconds_mean") == 3600

Times are UTC: "2024-04-15 10:00", "2024-04-15" (its midnight), "10:00" (on `TODAY`), or milliseconds.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, Self

import schemas
from streams.engine.decode import Reject
from streams.engine.engine import Engine
from streams.engine.facts import Row
from streams.engine.kpis.cells import parsed
from streams.engine.kpis.excerpts import Excerpt, Wanted
from streams.engine.kpis.readings import Reading, readings
from streams.engine.kpis.sums import FOREVER_MS, Changed, Slice
from streams.engine.panes import Pane
from streams.engine.plan import Plan, read_plan
from streams.engine.work import RowKey

TODAY = "2024-04-15"
CATALOG = Path(schemas.__file__).with_name("catalog.yaml")

Time = str | int
Event = dict[str, Any]


@lru_cache
def plan_of(text: str) -> Plan:
    """The plan of a catalog's text; of one text always the same."""
    return read_plan(text, "catalog.yaml")


def shipped() -> Plan:
    """The plan of the catalog that we ship."""
    return plan_of(CATALOG.read_text())


# -- Times ------------------------------------------------------------------------------------------------


def ms(time: Time) -> int:
    """Milliseconds since the epoch."""
    if isinstance(time, int):
        return time
    text = f"{TODAY} {time}" if ":" in time and "-" not in time else time
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )


def day(text: str) -> int:
    """The midnight with which a UTC day begins."""
    return ms(text)


def days(number: float) -> int:
    """So many days, in milliseconds."""
    return round(number * 86_400_000)


def rfc3339(time_ms: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).isoformat(
        timespec="milliseconds"
    )


# -- Events -----------------------------------------------------------------------------------------------


def event(type_: str, at: Time, data: Mapping[str, Any], id: str | None = None) -> Event:
    """A CloudEvent. Without `id` it is known by what it says, so that the same call makes the same event."""
    made = {
        "specversion": "1.0",
        "source": "/tests",
        "type": type_,
        "time": rfc3339(ms(at)),
        "data": dict(data),
    }
    return {"id": id or json.dumps(made, sort_keys=True)[-200:], **made}


class Builder(NamedTuple):
    """`lead_created("lead-1", at="10:00", channel="web")`: an event of one type about one subject."""

    type: str
    own_id: str
    usual: Mapping[str, Any]

    def __call__(self, subject: str, at: Time = "10:00", *, id: str | None = None, **data: Any) -> Event:
        return event(self.type, at, {**self.usual, self.own_id: subject, **data}, id)


_OF_ONE = {"customer_id": "customer-1"}
_USD = {"amount_minor": 10_000, "currency": "USD"}

lead_created = Builder("crm.lead.created", "lead_id", _OF_ONE)
lead_assigned = Builder("crm.lead.assigned", "lead_id", {**_OF_ONE, "owner_id": "owner-1"})
lead_contacted = Builder("crm.lead.contacted", "lead_id", {**_OF_ONE, "actor_kind": "human"})
lead_qualified = Builder("crm.lead.qualified", "lead_id", {**_OF_ONE, "stage": "mql"})
lead_disqualified = Builder("crm.lead.disqualified", "lead_id", {**_OF_ONE, "reason": "no budget"})
lead_converted = Builder("crm.lead.converted", "lead_id", _OF_ONE)

deal_created = Builder("crm.deal.created", "deal_id", _OF_ONE)
deal_stage_changed = Builder("crm.deal.stage_changed", "deal_id", {**_OF_ONE, "to_stage": "offer"})
deal_won = Builder("crm.deal.won", "deal_id", {**_OF_ONE, **_USD})
deal_lost = Builder("crm.deal.lost", "deal_id", _OF_ONE)

lead_described = Builder("crm.x.lead.described", "lead_id", _OF_ONE)
deal_described = Builder("crm.x.deal.described", "deal_id", _OF_ONE)
ticket_described = Builder("crm.x.ticket.described", "ticket_id", _OF_ONE)

customer_activated = Builder("crm.customer.activated", "customer_id", {})
customer_churned = Builder("crm.customer.churned", "customer_id", {"churn_kind": "voluntary"})
customer_erased = Builder("crm.customer.erased", "customer_id", {})
record_removed = Builder("crm.record.removed", "id", {**_OF_ONE, "entity": "lead"})

cost_recorded = Builder("crm.cost.recorded", "cost_id", {"category": "marketing", **_USD})

ticket_created = Builder("crm.ticket.created", "ticket_id", _OF_ONE)
ticket_replied = Builder(
    "crm.ticket.replied",
    "ticket_id",
    {**_OF_ONE, "actor_kind": "human", "public": True, "author_role": "agent"},
)
ticket_escalated = Builder("crm.ticket.escalated", "ticket_id", _OF_ONE)
ticket_resolved = Builder("crm.ticket.resolved", "ticket_id", _OF_ONE)
ticket_reopened = Builder("crm.ticket.reopened", "ticket_id", _OF_ONE)

survey_sent = Builder("crm.survey.sent", "invitation_id", {"kind": "nps"})
survey_answered = Builder(
    "crm.survey.answered", "response_id", {"kind": "nps", "score": 9, "scale_min": 0, "scale_max": 10}
)


class Record(NamedTuple):
    """What the engine reads of a Kafka record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def record(value: Event | str | bytes | None, at: Time = "2030-01-01", offset: int = 0) -> Record:
    """A record published `at`: late enough for every event of these tests, unless one says when."""
    if isinstance(value, dict):
        value = json.dumps(value)
    return Record(offset, ms(at), None, value.encode() if isinstance(value, str) else value)


# -- The ledger -------------------------------------------------------------------------------------------


class Ledger:
    """Keeps rows, panes, totals and waiting lists as the state does, and is the `Sums` of readings.

    Rows are kept encoded, so that a batch decodes what an earlier one wrote. Cells that are 0 are dropped.
    """

    def __init__(self, plan: Plan | None = None, *, sweeps: bool = False) -> None:
        self.plan = plan or shipped()
        self.engine = Engine(self.plan, sweeps=sweeps)
        self.encoded: dict[RowKey, bytes] = {}
        self.panes: dict[Pane, Counter[str]] = {}
        self.running: Counter[str] = Counter()
        self.waiting: dict[str, dict[str, int]] = {name: {} for name in self.plan.open_measures}
        self.rejects: list[Reject] = []
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.newest_ms = 0

    # -- Taking events

    def take(self, *events: Event) -> Self:
        """Apply these as one batch."""
        return self.take_records([record(event) for event in events])

    def take_each(self, events: Iterable[Event]) -> Self:
        """Apply these one by one."""
        for one in events:
            self.take(one)
        return self

    def take_records(self, records: Iterable[Record]) -> Self:
        events, rejects = self.engine.decode(records)
        effect = self.engine.apply(events, {key: self._row(key) for key in self.engine.keys(events)})
        self.rejects += [*rejects, *effect.rejects]
        self.outcomes.update(effect.outcomes)
        self.newest_ms = max(self.newest_ms, effect.newest_ms)
        self.encoded.update(effect.rows)
        _add(self.running, effect.totals)
        for pane, cells in effect.panes.items():
            _add(self.panes.setdefault(pane, Counter()), cells)
        self.panes = {pane: cells for pane, cells in self.panes.items() if cells}
        for measure, changes in effect.waiting.items():
            waiting = {**self.waiting[measure], **changes}
            self.waiting[measure] = {id_: since for id_, since in waiting.items() if since is not None}
        return self

    def _row(self, key: RowKey) -> Row | None:
        return self.engine.decode_row(key[0], self.encoded[key]) if key in self.encoded else None

    def state(self) -> dict[str, Any]:
        """All that is kept, to be compared."""
        rows = {key: self._row(key) for key in self.encoded}
        return {"rows": rows, "panes": self.panes, "totals": self.running, "waiting": self.waiting}

    def __add__(self, other: "Ledger") -> "Ledger":
        """Two partitions, as the board sees them: without their rows."""
        both = Ledger(self.plan)
        for ledger in (self, other):
            _add(both.running, ledger.running)
            for pane, cells in ledger.panes.items():
                _add(both.panes.setdefault(pane, Counter()), cells)
            for measure, waiting in ledger.waiting.items():
                both.waiting[measure].update(waiting)
            both.newest_ms = max(both.newest_ms, ledger.newest_ms)
        return both

    # -- Sums (streams.engine.kpis.sums)

    def window(self, tier: str, start_ms: int, end_ms: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for (tier_, start), cells in self.panes.items():
            if tier_ == tier and start_ms <= start <= end_ms:
                _add(found, cells)
        return found

    def level_now(self) -> Counter[str]:
        return Counter(self.running)

    def level_at(self, tier: str, time_ms: int) -> Counter[str]:
        levels = self.level_now()
        levels.subtract(self.window(tier, time_ms, FOREVER_MS))
        return levels

    def key(self, cell: str) -> str:
        return cell

    def changed(self, before: Any, after: Any) -> Changed:
        changed: dict[str, set[Slice]] = {}
        for cell in before.keys() | after.keys():
            if before[cell] != after[cell]:
                measure, slice_, _ = parsed(cell)
                changed.setdefault(measure, set()).add(slice_)
        return changed

    def totals(self) -> Mapping[str, int]:
        return self.running

    def cells(self) -> set[str]:
        return {*self.running, *(name for cells in self.panes.values() for name in cells)}

    def first_pane(self, tier: str, cell: str, start_ms: int, end_ms: int) -> int | None:
        panes = self.panes.items()
        starts = [start for (tier_, start), cells in panes if tier_ == tier and cell in cells]
        return min((start for start in starts if start_ms <= start < end_ms), default=None)

    def values(self, tier: str, cell: str, start_ms: int, end_ms: int) -> Mapping[int, int]:
        found = {start: cells.get(cell, 0) for (tier_, start), cells in self.panes.items() if tier_ == tier}
        return {start: found[start] for start in sorted(found) if found[start] and start_ms <= start < end_ms}

    def excerpt(self, wanted: Wanted) -> Excerpt:
        """As the board's view gives it, found by looking at every cell."""
        panes: dict[str, dict[int, dict[str, int]]] = {tier: {} for tier in wanted.since_ms}
        for (tier, start), cells in self.panes.items():
            if tier in wanted.since_ms and start >= wanted.since_ms[tier]:
                panes[tier][start] = {name: n for name, n in cells.items() if _is_wanted(name, wanted)}
        return Excerpt(panes, {name: self.running[name] for name in wanted.totals if self.running[name]})

    def oldest_ms(self, measure: str) -> int | None:
        return min(self.waiting[measure].values(), default=None)

    # -- Reading KPIs

    def readings(self, now: Time | None = None, *, ahead: bool = False, folds: bool = False) -> list[Reading]:
        """All readings at a time; by default that of the newest event."""
        now_ms = self.newest_ms if now is None else ms(now)
        return readings(self.plan, self, now_ms, ahead=ahead, folds=folds)

    def reading(self, kpi: str, window: str, *, now: Time | None = None, **where: str) -> Reading:
        """The reading that fits: of the whole, unless `where` names dimension and member, or labels.

        Of several series the first, as everywhere.
        """
        wanted = {"dimension": "all", "member": "all", "kpi": kpi, "window": window, **where}
        found = [
            one for one in self.readings(now) if wanted.items() <= {**one.labels, **_fields(one)}.items()
        ]
        assert found, wanted
        return found[0]

    def value(self, kpi: str, window: str, *, now: Time | None = None, **where: str) -> float | None:
        return self.reading(kpi, window, now=now, **where).value

    def counts(
        self, kpi: str, window: str, *, now: Time | None = None, **where: str
    ) -> tuple[int | None, ...]:
        """(numerator, denominator)."""
        found = self.reading(kpi, window, now=now, **where)
        return found.numerator, found.denominator

    def slices(self, kpi: str, window: str, dimension: str, now: Time | None = None) -> dict[str, Reading]:
        """Member -> reading, of a KPI's first series."""
        first = next(one for one in self.plan.series if one.kpi == kpi)
        return {
            one.member: one
            for one in self.readings(now)
            if (one.kpi, one.window, one.dimension) == (kpi, window, dimension)
            and (one.gauge, one.labels) == (first.gauge, first.labels)
        }

    def sum(self, part: str, start: Time = 0, end: Time = "2100-01-01", tier: str = "day") -> int:
        """A cell's sum over the panes of a tier that start in [start, end)."""
        return self.window(tier, ms(start), ms(end) - 1).get(part, 0)


def _is_wanted(name: str, wanted: Wanted) -> bool:
    measure, slice_, _ = parsed(name)
    return measure in wanted.measures and slice_ in wanted.slices


def _fields(reading: Reading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in ("kpi", "gauge", "window", "dimension", "member")}


def _add(sums: Counter[str], differences: Mapping[str, int]) -> None:
    for cell, number in differences.items():
        sums[cell] += number
        if not sums[cell]:
            del sums[cell]


def each(build: Callable[[int], Event], number: int) -> list[Event]:
    """`build(0)`, `build(1)`, ..: several of a kind."""
    return [build(at) for at in range(number)]


def in_any_order(events: Sequence[Event], plan: Plan | None = None) -> Ledger:
    """The ledger that these events give one by one, the same in every order."""
    ledger = Ledger(plan).take(*events)
    for order in permutations(events):
        assert Ledger(plan).take_each(order).state() == ledger.state()
    return ledger
