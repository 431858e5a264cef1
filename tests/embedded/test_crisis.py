"""A company that is well, and one over which a crisis comes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

import pytest

from streams.embedded.crisis import LASTS_MS, LEAVE, WAVE_AFTER_MS, WAVE_LASTS_MS, WELL, Crisis
from streams.embedded.traffic import Traffic, simulate
from streams.embedded.world import DAY_MS, HOUR_MS

START_MS = int(datetime(2025, 6, 2, tzinfo=UTC).timestamp()) * 1000  # a Monday
END_MS = START_MS + 42 * DAY_MS
BEGINS_MS = START_MS + 29 * DAY_MS + 9 * HOUR_MS  # on a Tuesday morning
QUIET_MS = BEGINS_MS - 5 * DAY_MS
"""What began before was over, or nearly so, when the crisis came."""

Told = list[tuple[int, dict[str, Any]]]


def company(crisis: Crisis | None) -> Told:
    return list(simulate(Traffic(3, 600, care=WELL, crisis=crisis), START_MS, END_MS))


@pytest.fixture(scope="module")
def well() -> Told:
    return company(None)


@pytest.fixture(scope="module")
def troubled() -> Told:
    return company(Crisis(BEGINS_MS))


def times(told: Told, type_: str, id_: str, **fields: Any) -> dict[str, int]:
    """Id -> time of its first event of a type with these fields."""
    found: dict[str, int] = {}
    for time_ms, event in told:
        data = event["data"]
        if event["type"] == type_ and fields.items() <= data.items():
            found.setdefault(data[id_], time_ms)
    return found


def answers_ms(told: Told, since_ms: int, until_ms: int) -> list[int]:
    """How long leads of a time waited for the first human who called them."""
    created = times(told, "crm.lead.created", "lead_id")
    contacted = times(told, "crm.lead.contacted", "lead_id", actor_kind="human", direction="outbound")
    return [
        at_ms - created[lead]
        for lead, at_ms in contacted.items()
        if lead in created and since_ms <= created[lead] < until_ms
    ]


def churned(told: Told) -> Iterator[int]:
    return (time_ms for time_ms, event in told if event["type"] == "crm.customer.churned")


def within(times_ms: Iterable[int], start_ms: int, end_ms: int) -> int:
    return sum(start_ms <= time_ms <= end_ms for time_ms in times_ms)


def test_the_same_seed_tells_the_same_crisis(troubled: Told) -> None:
    assert company(Crisis(BEGINS_MS)) == troubled


def test_until_it_begins_a_crisis_changes_nothing(well: Told, troubled: Told) -> None:
    before = [one for one in well if one[0] < BEGINS_MS]
    assert before == troubled[: len(before)]
    assert len(before) > 10_000


def test_whose_company_is_well_calls_everybody_who_asks_within_three_days(well: Told) -> None:
    asked = times(well, "crm.lead.created", "lead_id", origin="inbound")
    called = times(well, "crm.lead.contacted", "lead_id", actor_kind="human", direction="outbound")
    mistaken = times(well, "crm.record.removed", "id")
    waits = {lead: called[lead] - at_ms for lead, at_ms in asked.items() if lead in called}
    missed = asked.keys() - waits.keys() - mistaken.keys()
    assert all(asked[lead] > END_MS - 3 * DAY_MS for lead in missed)
    assert max(waits.values()) < 3 * DAY_MS


def test_whose_company_is_well_solves_every_ticket_within_a_week(well: Told) -> None:
    opened = times(well, "crm.ticket.created", "ticket_id")
    solved = times(well, "crm.ticket.resolved", "ticket_id")
    mistaken = times(well, "crm.record.removed", "id")
    assert all(solved[ticket] - opened[ticket] < 7 * DAY_MS for ticket in solved)
    assert all(
        opened[ticket] > END_MS - 7 * DAY_MS for ticket in opened.keys() - solved.keys() - mistaken.keys()
    )


def test_whose_company_is_well_has_machines_that_are_only_maintained(well: Told) -> None:
    opened = times(well, "crm.incident.opened", "incident_id")
    assert len(opened) > 5
    assert opened == times(well, "crm.incident.opened", "incident_id", impact="maintenance")


def test_in_a_crisis_answers_take_many_times_as_long_and_then_no_more(troubled: Told) -> None:
    before = median(answers_ms(troubled, QUIET_MS, BEGINS_MS - 12 * HOUR_MS))
    amid = median(answers_ms(troubled, BEGINS_MS, BEGINS_MS + 7 * HOUR_MS))
    after = median(answers_ms(troubled, BEGINS_MS + LASTS_MS, BEGINS_MS + LASTS_MS + 5 * DAY_MS))
    assert amid > 5 * max(before, after)


def test_in_a_crisis_a_wave_of_customers_leaves(well: Told, troubled: Told) -> None:
    wave_ms = BEGINS_MS + WAVE_AFTER_MS, BEGINS_MS + WAVE_AFTER_MS + WAVE_LASTS_MS
    customers = len(times(well, "crm.customer.activated", "customer_id"))
    left = within(churned(troubled), *wave_ms)
    assert 0.8 * LEAVE * customers < left < 1.1 * LEAVE * customers
    assert within(churned(well), *wave_ms) < 0.01 * customers
