"""The plan's fingerprint: it changes with everything that is summed, and with nothing else."""

from pathlib import Path

import pytest

from streams.engine import business
from streams.engine import plan as plans
from streams.engine.plan import read_plan
from tests.builders import plan_of

TEXT = (Path(__file__).parents[1] / "schemas" / "small.yaml").read_text()


def fingerprint(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return read_plan(TEXT.replace(old, new), "small.yaml").fingerprint


SUMMED = {
    "a rate": ("rate: 1.08", "rate: 1.09"),
    "a currency": ("EUR: {rate", "GBP: {rate"),
    "the reporting currency": ("report: USD", "report: CHF"),
    "its digits": ("report: USD", "report: USD, digits: 3"),
    "the days": ("time_zone: UTC", "time_zone: Europe/Berlin"),
    "the scale of customer effort": ("time_zone: UTC", "time_zone: UTC\nces_scale: {min: 1, max: 5}"),
    "an event type of one's own": (
        "time_zone: UTC",
        "time_zone: UTC\nevents: {crm.x.demo.held: {id: demo_id, required: {demo_id: id}}}",
    ),
    "a dimension": ("  plan: {keeps: as_was", "  region: {members: 9}\n  plan: {keeps: as_was"),
    "a pair": ("dimensions:\n  channel", "dimensions:\n  both: {of: [channel, plan], members: 9}\n  channel"),
    "how a dimension is kept": ("plan: {keeps: as_was, members: 20}", "plan: {keeps: first, members: 20}"),
    "a subject's dimensions": ("[channel]\n    steps", "[channel, plan]\n    steps"),
    "who sets the dimensions": ("id: lead_id", "id: lead_id\n    dimensions_from: [crm.lead.created]"),
    "what is remembered how long": ("id: lead_id", "id: lead_id\n    keep: 900d"),
    "a condition": (
        "lost: {event: crm.lead.disqualified",
        "lost: {event: crm.lead.disqualified, where: reason",
    ),
    "the fields of a register": ("[origin, revision]", "[revision, origin]"),
    "a moment": ("{first: lost}", "{first: lost, after: [created]}"),
    "a state": ("state: 1}", "state: 2}"),
    "a state before": ("state: 1}", "state: 1, before: revision}"),
    "which events say something of a register": (
        "{event: crm.lead.created, fields",
        "{event: crm.lead.created, where: origin, fields",
    ),
    "a stage": (
        "id: lead_id",
        "id: lead_id\n    stages: {early: 0.5}\n    stages_from: {crm.lead.created: origin}",
    ),
    "what was over days": ("of: alive}", "of: alive, over: [30d]}"),
    "what a level is made of": ("{level: alive}", "{level: alive, value: 2 * now}"),
    "when a level is over": ("{level: alive}", "{level: alive, until: [lost]}"),
    "a kind of transition": ("kind: reason", "key: reason"),
    "what is counted": ("{count: created}", "{count: lost}"),
    "where it is placed": ("{count: created}", "{count: created, at: lost}"),
    "a span": ("{count: created}", "{count: lost, at: created, within: 7d}"),
    "a condition of a measure": ("{count: created}", "{count: created, when: made.revision}"),
    "a bound": ("{count: created}", "{count: created, provided: [{step: lost, before: created}]}"),
    "tiers": ("{count: created}", "{count: created, tiers: [hour, day]}"),
    "an f": ("then and not now", "now and not then"),
    "another measure": ("      leads_alive:", "      leads_too: {count: created}\n      leads_alive:"),
    "the order of facts, which is that of their values in a row": (
        "      created: {event: crm.lead.created}\n      lost: {event: crm.lead.disqualified}\n",
        "      lost: {event: crm.lead.disqualified}\n      created: {event: crm.lead.created}\n",
    ),
}


STAGES = "id: lead_id\n    stages_from: {{crm.lead.created: origin}}\n    stages: {{{}}}"


def test_the_order_of_stages_is_summed_too() -> None:
    in_order = [fingerprint("id: lead_id", STAGES.format(stages)) for stages in ("a: 0, b: 1", "b: 1, a: 0")]
    assert in_order[0] != in_order[1]


@pytest.mark.parametrize("what", SUMMED)
def test_what_is_summed_changes_the_fingerprint(what: str) -> None:
    assert fingerprint(*SUMMED[what]) != plan_of(TEXT).fingerprint


def test_the_arithmetic_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "ARITHMETIC", plans.ARITHMETIC + 1)
    assert read_plan(TEXT, "small.yaml").fingerprint != plan_of(TEXT).fingerprint


HOURS = "business_hours: {week: {mon: [09:00-17:00]}}\n"
CLOCKED = (
    TEXT.replace("currency:", f"{HOURS}currency:")
    .replace("{count: created}", "{duration: created, to: lost, clock: business}")
    .replace("unit: count\n    good: up", "unit: seconds\n    good: up")
    .replace("formula: leads\n", "formula: mean(leads)\n")
)
BUSINESS = {
    "hours": ("09:00-17:00", "09:00-17:01"),
    "a day": ("mon:", "tue:"),
    "a closed day": ("week:", "closed: [2024-01-01], week:"),
    "holidays": ("week:", "holidays: {country: DE}, week:"),
    "holidays of a part": ("week:", "holidays: {country: DE, subdivision: BE}, week:"),
    "their zone": ("week:", "time_zone: Asia/Tokyo, week:"),
    "the clock": ("clock: business", "clock: calendar"),
}


@pytest.mark.parametrize("what", BUSINESS)
def test_what_moves_the_business_clock_changes_the_fingerprint_of_who_uses_it(what: str) -> None:
    old, new = BUSINESS[what]
    assert CLOCKED.count(old) == 1
    changed = CLOCKED.replace(old, new)
    assert plan_of(changed).fingerprint != plan_of(CLOCKED).fingerprint


def test_holidays_that_are_resolved_otherwise_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a new version of the library may do."""
    text = CLOCKED.replace("week:", "holidays: {country: DE}, week:")
    before = read_plan(text, "small.yaml").fingerprint
    monkeypatch.setattr(business, "_resolved", lambda *_: frozenset({738_888}))
    assert read_plan(text, "small.yaml").fingerprint != before


TOLD = {
    "business hours that no measure uses": ("currency:", f"{HOURS}currency:"),
    "a comment": ("version: 1", "version: 1  # the first"),
    "a title": ("title: Leads", "title: All leads"),
    "a goal": ("goal: More.", "goal: Still more."),
    "a formula": ("formula: leads\n", "formula: 2 * leads\n"),
    "windows": ("windows: [24h, 30d]", "windows: [1h, mtd]"),
    "how many members there may be": ("as_was, members: 20}", "as_was, members: 21}"),
    "a KPI's slices": ("    dimensions: [channel]\n    formula", "    formula"),
    "a gauge": ("gauge: crm_leads\n", "gauge: crm_volume\n"),
    "a series": ("formula: leads\n", "series: [{formula: leads, labels: {state: all}}]\n"),
    "a measure's note": ("{count: created}", "{count: created, note: All of them.}"),
    "the order of measures": (
        "      leads_open: {open: created, until: [lost]}\n      leads_alive: {level: alive}\n",
        "      leads_alive: {level: alive}\n      leads_open: {open: created, until: [lost]}\n",
    ),
    "a link": ("id: lead_id", 'id: lead_id\n    link: "https://crm.example/leads/{id}"'),
    "another name for the same days": ("time_zone: UTC", "time_zone: Etc/UTC"),
}


@pytest.mark.parametrize("what", TOLD)
def test_what_is_only_told_does_not(what: str) -> None:
    assert fingerprint(*TOLD[what]) == plan_of(TEXT).fingerprint


def test_the_fingerprint_of_one_text_is_always_the_same() -> None:
    assert read_plan(TEXT, "a.yaml").fingerprint == read_plan(TEXT, "b.yaml").fingerprint
    assert len(plan_of(TEXT).fingerprint) == 16
