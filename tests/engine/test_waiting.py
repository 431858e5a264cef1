"""What is open only once it is due."""

import pytest

from tests.builders import (
    Event,
    Ledger,
    days,
    in_any_order,
    ms,
    record,
    ticket_created,
    ticket_escalated,
    ticket_resolved,
)
from tests.engine.catalogs import plan

# A ticket stands for a request; it is escalated when a date is promised, which is then the time of that.
SUBJECT = """\
    id: ticket_id
    dimensions: [channel, plan]
    steps:
      asked: {{event: crm.ticket.created}}
      done: {{event: crm.ticket.resolved}}
    registers:
      promise: {{event: crm.ticket.escalated, fields: [time]}}
    measures:
      waiting: {{open: asked, until: [done]}}
      overdue: {{open: asked, until: [done], {due}}}
"""
KPI = """\
    oldest:
      title: The oldest that is overdue
      group: health
      goal: None.
      owner: all
      unit: seconds
      good: down
      windows: [now]
      dimensions: [channel]
      gauge: crm_oldest_seconds
      formula: oldest(overdue)
"""
AFTER = plan(SUBJECT.format(due="due_after: 30d"), kpi=KPI)
TOLD = plan(SUBJECT.format(due="due: promise.time"))
EITHER = plan(SUBJECT.format(due="due: promise.time, due_after: 30d"))

ASKED = "2024-04-01 10:00"
DUE = "2024-05-01 10:00"
asked = ticket_created("r", ASKED, channel="web")


def at(part: str, time: str, ledger: Ledger) -> int:
    """The sum of the minute's pane."""
    return ledger.sum(part, time, ms(time) + 60_000, "minute")


def test_it_is_open_from_when_it_is_due_which_may_lie_ahead() -> None:
    ledger = Ledger(AFTER).take(asked)
    assert ledger.sum("overdue") == at("overdue", DUE, ledger) == ledger.running["overdue"] == 1
    assert at("overdue.age", DUE, ledger) == at("overdue.age|channel|web", DUE, ledger) == 1
    assert ledger.waiting["overdue"] == {"r": ms(DUE)}


def test_what_is_due_in_the_last_year_that_an_event_may_lie_in_is_open_then() -> None:
    longest = plan(SUBJECT.format(due="due_after: 3650d"))
    ledger = Ledger(longest).take_records([record(ticket_created("r", "2199-12-31 23:59"), at="2200-01-01")])
    assert ledger.waiting["overdue"] == {"r": ms("2199-12-31 23:59") + days(3650)}
    assert {tier for tier, _ in ledger.panes} == {"minute", "hour", "day"}


def test_only_what_may_lie_ahead_is_said_to() -> None:
    assert [name for name, measure in AFTER.measures.items() if measure.future] == ["overdue"]


#     asked 1 April 10:00        due 1 May 10:00
@pytest.mark.parametrize(
    ("done", "entered", "left"),
    [
        ("2024-04-20", 0, 0),
        (ASKED, 0, 0),
        (DUE, 0, 0),
        ("2024-05-01 10:01", 1, -1),
        ("2024-03-31", 1, 0),
    ],
)
def test_what_was_done_by_then_is_never_overdue(done: str, entered: int, left: int) -> None:
    ledger = in_any_order([asked, ticket_resolved("r", done)], AFTER)
    assert ledger.running["overdue"] == len(ledger.waiting["overdue"]) == entered + left
    assert ledger.sum("overdue") == entered + left
    assert at("overdue", DUE, ledger) == entered


def promised(time: str) -> Event:
    return ticket_escalated("r", time)


def test_a_date_that_is_told_goes_before_the_usual_span() -> None:
    assert Ledger(EITHER).take(asked).waiting["overdue"] == {"r": ms(DUE)}
    told = in_any_order([asked, promised("2024-04-10")], EITHER)
    assert told.waiting["overdue"] == {"r": ms("2024-04-10")}
    assert in_any_order([asked, promised("2024-04-10"), promised("2024-04-12")], EITHER).waiting[
        "overdue"
    ] == {"r": ms("2024-04-12")}


def test_without_any_date_nothing_is_overdue() -> None:
    ledger = Ledger(TOLD).take(asked)
    assert (ledger.running["overdue"], ledger.running["waiting"]) == (0, 1)
    assert ledger.take(promised("2024-04-10")).running["overdue"] == 1


def test_what_is_due_in_one_slice_may_go_to_another_while_it_waits() -> None:
    free, pro = ticket_created("r", ASKED, plan="free"), ticket_escalated("r", "2024-05-03", plan="pro")
    ledger = in_any_order([free, pro], AFTER)
    assert at("overdue|plan|free", DUE, ledger) == 1
    assert at("overdue|plan|free", "2024-05-03", ledger) == -1
    assert at("overdue|plan|pro", "2024-05-03", ledger) == 1


@pytest.mark.parametrize("where", [{}, {"dimension": "channel", "member": "web"}])
def test_the_oldest_is_one_that_is_due(where: dict[str, str]) -> None:
    ledger = Ledger(AFTER).take(asked, ticket_created("later", "2024-04-10", channel="web"))
    now = [ms(DUE) + later for later in (-days(20), -60_000, 0, 3_600_000, days(20))]
    found = [
        one.value
        for time in now
        for one in ledger.readings(time)
        if one.dimension == where.get("dimension", "all") and one.value is not None
    ]
    assert found == [0, 3_600, days(20) / 1_000]
