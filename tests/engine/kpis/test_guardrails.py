"""Guardrails: better at the cost of another KPI is a breach; little, unlike or unsure figures are none."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from schemas.words import Window
from streams.engine.kpis.guardrails import ENOUGH, Breach, breaches, first_series, pairs_of
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from tests.builders import (
    CATALOG,
    Event,
    Ledger,
    each,
    lead_created,
    lead_qualified,
    ms,
    plan_of,
    shipped,
)

SUMMED = CATALOG.read_text().partition("\nkpis:\n")[0] + "\nkpis:\n"
FORMULAS = {
    "count": "leads",
    "ratio": "leads_accepted / leads_mql",
    "seconds": "mean(lead_response)",
    "money": "revenue",
    "points": "100 * (nps_promoters - nps_detractors) / nps_answers",
}
KPI = """
  {name}:
    title: {title}
    group: sales
    goal: Sell.
    owner: sales
    unit: {unit}
    good: {good}
    gauge: crm_{name}
    windows: [24h, 7d]
    dimensions: [channel]
    formula: {formula}
"""


def kpi(name: str, title: str, unit: str = "count", good: str = "up", more: str = "") -> str:
    return KPI.format(name=name, title=title, unit=unit, good=good, formula=FORMULAS[unit]) + more


def guarded(by: str, more: str = "") -> str:
    return f"    guardrails: [{{kpi: {by}, why: Because., {more}}}]\n"


VOLUME = kpi("leads_made", "Lead volume", more=guarded("acceptance"))
ACCEPTANCE = kpi("acceptance", "Lead acceptance", "ratio")


def plan_with(*kpis: str) -> Plan:
    return plan_of(SUMMED + "".join(kpis))


@dataclass(frozen=True)
class Moves:
    """Makes readings of a plan that moved from one value to another."""

    plan: Plan

    def __call__(self, name: str, before: float, now: float, **given: Any) -> Reading:
        series = first_series(self.plan)[name]
        points = series.unit == "points"
        usual: dict[str, Any] = {
            "window": "7d",
            "dimension": "all",
            "member": "all",
            "samples": 1_000,
            "compared_samples": 1_000,
            "previous_samples": 1_000,
        }
        return Reading(
            kpi=name,
            gauge=series.gauge,
            labels=series.labels,
            value=now,
            numerator=None,
            denominator=None,
            previous=before,
            compared=now,
            change=now - before if points else (now - before) / abs(before) if before else None,
            **{**usual, **given},
        )


def only(found: list[Breach]) -> Breach:
    assert len(found) == 1, found
    return found[0]


LEADS = plan_with(VOLUME, ACCEPTANCE)
MOVES = Moves(LEADS)
DOUBLED = MOVES("leads_made", 100, 200)
FELL = MOVES("acceptance", 0.4, 0.2)


def test_more_leads_of_whom_fewer_are_accepted_are_a_breach_that_explains_itself() -> None:
    assert breaches(LEADS, [DOUBLED, FELL]) == [
        Breach(
            "leads_made",
            "acceptance",
            "7d",
            "all",
            "all",
            breached=True,
            sentence="Lead volume rose 100 % while lead acceptance fell from 40 % to 20 %",
        )
    ]


@pytest.mark.parametrize(("margin", "breached"), [(0.05, True), (0.19, True), (0.21, False), (None, True)])
def test_what_chance_may_have_made_is_no_breach(margin: float | None, breached: bool) -> None:
    fell = MOVES("acceptance", 0.4, 0.2, margin=margin)
    assert only(breaches(LEADS, [DOUBLED, fell])).breached is breached


def test_a_gain_that_chance_may_have_made_is_no_breach() -> None:
    by_chance = MOVES("leads_made", 100, 200, margin=150)
    assert not only(breaches(LEADS, [by_chance, FELL])).breached


@pytest.mark.parametrize(("before", "now", "breached"), [(100, 120, False), (100, 200, True)])
def test_of_what_is_counted_chance_makes_as_much_as_poissons_law_allows(
    before: float, now: float, breached: bool
) -> None:
    assert only(breaches(LEADS, [MOVES("leads_made", before, now), FELL])).breached is breached


@pytest.mark.parametrize("formula", ["leads_mql / leads", "2 * leads"])
def test_poissons_law_is_not_that_of_a_rate_in_unit_count(formula: str) -> None:
    rate = kpi("rate", "Rate", more=guarded("acceptance")).replace("formula: leads", f"formula: {formula}")
    plan = plan_with(rate, ACCEPTANCE)
    moves = Moves(plan)
    assert only(breaches(plan, [moves("rate", 2.0, 4.0), moves("acceptance", 0.4, 0.2)])).breached


def test_the_pane_that_holds_now_makes_neither_samples_enough_nor_a_difference_sure() -> None:
    """Of May one day has ended, with three leads; the forty of today are not in what is compared."""
    led = Ledger().take(
        *_qualified("april", "2024-04-01 10:00", 40, accepted=20),
        *each(lambda n: lead_created(f"raw-{n}", "2024-05-01 10:00"), 97),
        *_qualified("may", "2024-05-01 10:00", 3, accepted=0),
        *_qualified("today", "2024-05-02 10:00", 40, accepted=40),
    )
    found = [one for one in led.readings(ms("2024-05-02 23:00")) if (one.window, one.dimension) == MTD]
    acceptance = next(one for one in found if one.kpi == "lead_acceptance")
    assert (acceptance.samples, acceptance.compared_samples, acceptance.previous_samples) == (43, 3, 40)
    pairs = [{one.kpi, one.guardrail} for one in breaches(shipped(), found)]
    assert not [pair for pair in pairs if "lead_acceptance" in pair]


MTD = ("mtd", "all")


def _qualified(name: str, at: str, number: int, *, accepted: int) -> list[Event]:
    """So many leads that are qualified by marketing, the first of them accepted by sales."""
    return [
        *each(lambda n: lead_created(f"{name}-{n}", at), number),
        *each(lambda n: lead_qualified(f"{name}-{n}", at, stage="mql"), number),
        *each(lambda n: lead_qualified(f"{name}-{n}", at, stage="accepted"), accepted),
    ]


def test_a_guardrail_that_was_0_is_worse_as_soon_as_it_is_anything_else() -> None:
    plan = plan_with(VOLUME, ACCEPTANCE.replace("good: up", "good: down"))
    moves = Moves(plan)
    breach = only(breaches(plan, [moves("leads_made", 100, 200), moves("acceptance", 0.0, 0.2)]))
    assert breach.sentence == "Lead volume rose 100 % while lead acceptance rose from 0 % to 20 %"
    fine = breaches(plan, [moves("leads_made", 100, 200), moves("acceptance", 0.0, 0.0)])
    assert not only(fine).breached


def test_of_a_cohort_the_final_series_is_compared_for_the_provisional_always_knows_less_of_the_newer() -> (
    None
):
    """Surveys that are all answered after three days: the newest of the window are not answered yet."""
    standing = {guard.kpi: dict(guard.labels) for _, guard, _ in pairs_of(shipped())}
    states = {name: labels["state"] for name, labels in standing.items() if "state" in labels}
    assert set(states.values()) == {"final"}
    assert {"survey_response", "lead_conversion", "unsubscribe_rate", "reopen_rate"} <= states.keys()


# -- Whether it is one ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volume", "acceptance"),
    [
        ((100, 100), (0.4, 0.2)),  # the KPI did not get better
        ((100, 90), (0.4, 0.2)),
        ((100, 200), (0.4, 0.4)),  # its guardrail did not get worse
        ((100, 200), (0.4, 0.6)),
        ((100, 200), (0.4, 0.39)),  # not by more than a twentieth
    ],
)
def test_both_must_move_the_kpi_to_the_better_and_its_guardrail_clearly_to_the_worse(
    volume: tuple[float, float], acceptance: tuple[float, float]
) -> None:
    found = only(breaches(LEADS, [MOVES("leads_made", *volume), MOVES("acceptance", *acceptance)]))
    assert (found.breached, found.sentence) == (False, "")


def test_worse_by_just_the_tolerance_is_no_breach() -> None:
    plan = plan_with(kpi("leads_made", "Leads", more=guarded("acceptance", "tolerance: 0.5")), ACCEPTANCE)
    moves = Moves(plan)
    assert not only(breaches(plan, [moves("leads_made", 100, 200), moves("acceptance", 0.4, 0.2)])).breached
    assert only(breaches(plan, [moves("leads_made", 100, 200), moves("acceptance", 0.4, 0.19)])).breached


def test_where_less_is_better_a_fall_is_the_gain_and_a_rise_the_loss() -> None:
    faster = kpi("cycle", "Sales cycle", "seconds", "down", guarded("lost"))
    plan = plan_with(faster, kpi("lost", "Churn", "ratio", "down"))
    moves = Moves(plan)
    found = only(breaches(plan, [moves("cycle", 864_000, 86_400), moves("lost", 0.05, 0.1)]))
    assert found.sentence == "Sales cycle fell from 10 d 0 h to 1 d 0 h while churn rose from 5 % to 10 %"
    assert not only(breaches(plan, [moves("cycle", 10, 20), moves("lost", 0.05, 0.1)])).breached
    assert not only(breaches(plan, [moves("cycle", 20, 10), moves("lost", 0.1, 0.05)])).breached


def test_a_score_gets_worse_by_points_and_not_by_a_share_of_what_it_was() -> None:
    plan = plan_with(
        kpi("earned", "Revenue", "money", more=guarded("nps", "tolerance: 5")),
        kpi("nps", "NPS", "points"),
    )
    moves = Moves(plan)
    assert not only(breaches(plan, [moves("earned", 100, 150), moves("nps", 4, 0)])).breached
    found = only(breaches(plan, [moves("earned", 100, 150), moves("nps", 4, -2.5)]))
    assert found.sentence == "Revenue rose 50 % while NPS fell from +4 points to -2.5 points"


def test_a_negative_value_that_grows_is_a_rise() -> None:
    plan = plan_with(VOLUME, kpi("acceptance", "Return", "ratio"))
    moves = Moves(plan)
    found = only(breaches(plan, [moves("leads_made", 100, 200), moves("acceptance", -0.5, -1)]))
    assert found.sentence.endswith("while return fell from -50 % to -100 %")


# -- What can be compared ---------------------------------------------------------------------------------


def but(reading: Reading, **other: Any) -> Reading:
    return msgspec.structs.replace(reading, **other)


@pytest.mark.parametrize(
    "other",
    [
        {"window": "24h"},
        {"dimension": "channel", "member": "web"},
        {"compared": None, "previous": None},
        {"compared_samples": ENOUGH - 1},
        {"previous_samples": ENOUGH - 1},
        {"compared_samples": None},
        {"previous_samples": None},
        {"gauge": "crm_else"},
        {"labels": {"quantile": "0.9"}},
    ],
)
@pytest.mark.parametrize("of_guardrail", [False, True])
def test_other_windows_slices_series_and_small_numbers_are_not_compared(
    other: dict[str, Any], of_guardrail: bool
) -> None:
    pair = [DOUBLED, but(FELL, **other)] if of_guardrail else [but(DOUBLED, **other), FELL]
    assert breaches(LEADS, pair) == []


def test_just_enough_samples_are_enough() -> None:
    pair = [but(one, compared_samples=ENOUGH, previous_samples=ENOUGH) for one in (DOUBLED, FELL)]
    assert only(breaches(LEADS, pair)).breached


def test_the_larger_minimum_of_both_alerts_in_the_window_counts() -> None:
    alert = "    alerts: [{{windows: [{}], warn: 0.1, min_samples: {}}}]\n".format
    plan = plan_with(VOLUME + alert("7d", 50), ACCEPTANCE + alert("7d", 200))
    moves = Moves(plan)

    def found(samples: int, window: Window = "7d") -> int:
        given = {"compared_samples": samples, "previous_samples": samples, "window": window}
        return len(breaches(plan, [moves("leads_made", 1, 2, **given), moves("acceptance", 2, 1, **given)]))

    assert [found(30), found(199), found(200)] == [0, 0, 1]
    assert [found(29, "24h"), found(30, "24h")] == [0, 1]


def test_every_window_and_slice_that_both_have_is_compared_for_itself() -> None:
    places = [
        ("24h", "all", "all"),
        ("7d", "all", "all"),
        ("7d", "channel", "web"),
        ("7d", "channel", "mail"),
    ]
    moved = [
        but(one, window=window, dimension=dimension, member=member)
        for window, dimension, member in places
        for one in (DOUBLED, MOVES("acceptance", 0.4, 0.2 if member == "web" else 0.4))
    ]
    found = {(one.window, one.dimension, one.member): one.breached for one in breaches(LEADS, moved)}
    assert found == {place: place[2] == "web" for place in places}


def test_what_is_folded_is_compared_by_members_and_never_as_a_whole() -> None:
    place = {"dimension": "channel", "member": "other"}
    pair = [but(one, **place) for one in (DOUBLED, FELL)]
    assert len(breaches(LEADS, [but(one, fold="member") for one in pair])) == 1
    assert breaches(LEADS, [but(one, fold="other") for one in pair]) == []


def test_every_guardrail_of_a_kpi_is_looked_at() -> None:
    two = "    guardrails: [{kpi: acceptance, why: A.}, {kpi: returns, why: B.}]\n"
    plan = plan_with(kpi("leads_made", "Leads", more=two), ACCEPTANCE, kpi("returns", "Returns", good="down"))
    moves = Moves(plan)
    found = breaches(
        plan, [moves("leads_made", 100, 200), moves("acceptance", 0.4, 0.2), moves("returns", 100, 101)]
    )
    assert {one.guardrail: one.breached for one in found} == {"acceptance": True, "returns": False}


def test_money_and_counts_read_as_people_say_them() -> None:
    plan = plan_with(
        kpi("acceptance", "Win rate", "ratio", more=guarded("earned")), kpi("earned", "Revenue", "money")
    )
    moves = Moves(plan)
    found = only(breaches(plan, [moves("acceptance", 0.2, 0.25), moves("earned", 2_400, 1_200)]))
    assert found.sentence == "Win rate rose from 20 % to 25 % while revenue fell from USD 2,400 to USD 1,200"
