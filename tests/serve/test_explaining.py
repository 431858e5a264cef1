"""An explanation as programs get it, and which reading is meant when little is said."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from schemas.kpis import Alert, Guardrail
from streams.engine.kpis.confidence import no_bounds
from streams.engine.kpis.explain import PaneSum
from streams.engine.kpis.verdicts import Judge
from streams.engine.panes import Calendar
from streams.errors import UnknownReading
from streams.serve.explaining import (
    Rail,
    Which,
    answer,
    largest,
    pane_name,
    series_of,
    usual_window,
    with_remedy,
)
from tests.builders import (
    Event,
    Ledger,
    deal_lost,
    deal_won,
    each,
    lead_contacted,
    lead_created,
    lead_qualified,
    ms,
    shipped,
    survey_answered,
)
from tests.serve.builders import StillBoard, Writer, board_on, showing, until, value, web
from tests.serve.explained import DAYS, LEVEL, RATE, an_answer

UTC = Calendar("UTC")


def test_an_explanation_has_all_that_the_number_was_computed_from() -> None:
    found = json.loads(json.dumps(an_answer().document()))
    assert (found["as_of"], found["start"]) == ("2024-04-15T18:00:00.000Z", "2024-03-16T00:00:00.000Z")
    for name in (*("formula", "filled", "value", "numerator", "denominator", "samples", "lower", "upper"),):
        assert found[name] == getattr(RATE, name)
    assert (found["previous"], found["change"]) == (0.25, 0.2)
    assert (found["verdict"], found["would_change"]) == ("ok", "Warn begins below 25.0 %.")
    assert found["definition"]["title"] == "Win rate"
    (measure,) = found["measures"]
    assert (measure["text"], measure["value"], measure["running_total"]) == ("deals_won", "30", None)
    assert (measure["panes"]["tier"], measure["panes"]["number"]) == ("day", 14)
    assert measure["panes"]["largest"][0] == {"start": "2024-04-04", "value": 13}
    assert [pane["start"] for pane in measure["panes"]["last"]] == [f"2024-04-{day}" for day in range(10, 15)]


def test_the_kpis_that_a_formula_names_are_explained_below_it() -> None:
    reference = msgspec.structs.replace(RATE, kpi="churn", operands=[LEVEL])
    (found,) = an_answer(references=[reference]).document()["references"]
    assert (found["kpi"], found["measures"][0]["running_total"]) == ("churn", 98)


def test_what_would_change_a_verdict_is_told_in_the_unit_of_the_number() -> None:
    judge = Judge("up", {"30d": Alert(windows=["30d"], warn=0.25, critical=0.1)})
    series = replace(series_of(shipped(), RATE), judge=judge)
    found = with_remedy(RATE, series, shipped())
    assert (found.would_change or "").startswith(
        "Warn begins below 25.0 %, critical below 10.0 %. "
        "21 more of deals_won + deals_lost that are none of deals_won would make it warn."
    )
    alone = with_remedy(RATE, replace(series, interval=no_bounds), shipped())
    assert alone.would_change == "Warn begins below 25.0 %, critical below 10.0 %."


def test_a_guardrail_that_is_breached_is_answered_with_its_sentence() -> None:
    """Twice as many leads, of whom as few are accepted."""
    before = [(f"before-{at}", "2024-04-03", at < 40) for at in range(100)]
    now = [(f"now-{at}", "2024-04-10", at < 40) for at in range(200)]
    ledger = Ledger().take(*(event for lead in (*before, *now) for event in a_lead(*lead)))
    found = answer(shipped(), ledger, ms("2024-04-15 09:00"), Which("lead_volume", "7d"), ahead=False)
    (rail,) = found.guardrails
    assert rail.sentence == "Leads rose 100 % while lead acceptance fell from 40 % to 20 %"
    assert found.document()["guardrails"][0]["sentence"] == rail.sentence
    quiet = answer(shipped(), ledger, ms("2024-04-15 09:00"), Which("lead_acceptance", "7d"), ahead=False)
    assert [one.sentence for one in quiet.guardrails] == [None]


def test_a_verdict_is_answered_with_what_would_change_it() -> None:
    scores = [10] * 24 + [2] * 16
    ledger = Ledger().take(*each(lambda at: survey_answered(f"a{at}", kind="csat", score=scores[at]), 40))
    found = answer(shipped(), ledger, ms("18:00"), Which("csat", "30d"), ahead=False).explanation
    assert found.verdict == "warn"
    assert found.would_change == (
        "Warn begins below 75.0 %, critical below 65.0 % (of its upper bound). "
        "2 more of csat_satisfied would make it ok. "
        "7 more of csat_answers that are none of csat_satisfied would make it critical."
    )


def a_lead(name: str, at: str, accepted: bool) -> list[Event]:
    qualified = [lead_qualified(name, at), lead_qualified(name, at, stage="accepted")]
    return [lead_created(name, at), *qualified[: 1 + accepted]]


def test_a_gauge_tells_series_with_the_same_labels_apart() -> None:
    ledger = Ledger().take(lead_created("a", "10:00"))
    which = Which("leads_waiting", "now", gauge="crm_leads_waiting_oldest_seconds")
    assert answer(shipped(), ledger, ms("18:00"), which, ahead=False).explanation.value == 8 * 3600
    with pytest.raises(UnknownReading, match="unknown gauge of leads_waiting 'crm_leads'"):
        answer(shipped(), ledger, ms("18:00"), replace(which, gauge="crm_leads"), ahead=False)


def test_a_guardrail_tells_its_own_number_where_it_has_one() -> None:
    rail = Guardrail(kpi="sales_cycle", why="Cheap deals are soon won.")
    found = replace(an_answer(), guardrails=[Rail(rail, RATE), Rail(rail, None)])
    first, second = found.document()["guardrails"]
    assert (first["value"], first["change"], first["why"]) == (0.3, 0.2, "Cheap deals are soon won.")
    assert (second["value"], second["change"]) == (None, None)


def test_the_largest_panes_are_those_that_matter_most() -> None:
    panes = [PaneSum(at, value) for at, value in enumerate([1, -9, 3, 9, 2, 3, 4, 1])]
    assert [(pane.start_ms, pane.value) for pane in largest(panes)] == [
        (1, -9),
        (3, 9),
        (6, 4),
        (2, 3),
        (5, 3),
    ]
    assert len(largest(DAYS)) == 5


def test_a_pane_is_called_by_the_local_time_at_which_it_begins() -> None:
    berlin = Calendar("Europe/Berlin")
    day = berlin.day_start_ms(berlin.day(ms("2024-03-31 12:00")))
    assert pane_name("day", day, berlin) == "2024-03-31"
    assert pane_name("hour", ms("2024-03-31 01:00"), berlin) == "2024-03-31T03:00+02:00"
    assert pane_name("minute", ms("10:07"), UTC) == "2024-04-15T10:07+00:00"


@pytest.mark.parametrize(
    ("which", "window"),
    [
        (Which("win_rate"), "30d"),
        (Which("win_rate", labels={"basis": "x"}), ""),
        (Which("leads_waiting"), "now"),
        (Which("lead_response", labels={"quantile": "0.9"}), "30d"),
        (Which("nonsense"), ""),
    ],
)
def test_the_usual_window_of_a_kpi_is_meant_when_none_is_named(which: Which, window: str) -> None:
    assert usual_window(shipped(), which) == window


# -- /api/v1/explain --------------------------------------------------------------------------------------


async def get(board: Any, query: str) -> tuple[int, Any]:
    async with web(board) as client:
        response = await client.get(f"/api/v1/explain?{query}")
        return response.status, json.loads(await response.text())


async def test_a_board_explains_what_it_shows(client: Redis) -> None:
    writer = await Writer.of(client)
    await writer.take(deal_won("deal-1", "10:00"), deal_lost("deal-2", "11:00"))
    await writer.take(lead_created("lead-1", "10:00"), lead_contacted("lead-1", "10:30"))
    async with board_on(client) as board:
        await until(lambda: bool(board.shown().readings))
        status, rate = await get(board, "kpi=win_rate&window=24h")
        assert (status, rate["filled"], rate["value"]) == (
            200,
            "1 / (1 + 1)",
            value(board.shown(), "win_rate", "24h"),
        )
        status, response = await get(board, "kpi=lead_response&window=24h&quantile=0.9")
        assert (status, response["labels"]) == (200, {"clock": "calendar", "quantile": "0.9"})
        status, fault = await get(board, "kpi=win_rate&window=now")
        assert (status, fault["parameter"], fault["known"][:2]) == (400, "window", ["1h", "24h"])
        assert "unknown window 'now'" in fault["error"]
        status, fault = await get(board, "")
        assert (status, "win_rate" in fault["known"]) == (400, True)
        status, fault = await get(board, "kpi=win_rate&shoe=1")
        assert (status, fault["parameter"]) == (400, "shoe")


async def test_a_board_that_has_not_read_everything_explains_nothing() -> None:
    status, fault = await get(StillBoard(showing()), "kpi=win_rate")
    assert (status, fault) == (503, {"error": "not every partition was read yet"})
