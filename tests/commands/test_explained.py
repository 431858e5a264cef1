"""What `kpi explain` prints: a number that a person can follow, and nothing that a terminal obeys."""

import io
from dataclasses import replace

import msgspec
from rich.console import Console

from schemas.kpis import Guardrail
from streams.commands.explained import print_explanation
from streams.serve.explaining import Answer, Rail
from tests.builders import shipped
from tests.serve.explained import LEVEL, RATE, WON, an_answer


def printed(answer: Answer) -> str:
    file = io.StringIO()
    print_explanation(Console(file=file, width=200), answer)
    return file.getvalue()


def test_the_number_comes_first_and_then_what_it_is_made_of() -> None:
    text = printed(an_answer(operands=[WON, LEVEL]))
    assert text.splitlines()[:7] == [
        "Win rate, 30d, as of 2024-04-15T18:00:00.000Z",
        "  deals_won / (deals_won + deals_lost)",
        "  = 30 / (30 + 70)",
        "  = 30.0 %  (21.9 % to 39.6 % at 95 %, 100 samples)",
        "Before: 25.0 %; change +20.0 %.",
        "Target: 25.0 %.",
        "Verdict: ok. Warn begins below 25.0 %.",
    ]
    won, level = (
        line.split() for line in text.splitlines() if line.strip().startswith(("deals_won  ", "start"))
    )
    assert won[:6] == ["deals_won", "30", "14", "days", "2024-04-04:", "13,"]
    assert "2024-04-04: 13, 2024-04-08: 13, 2024-04-12: 13" in text
    assert level[:9] == ["start(customers)", "100", "1", "day;", "total", "now", "98", "2024-04-03:", "-2"]


def test_sums_that_are_in_smaller_units_than_the_value_say_so() -> None:
    assert "= 90000  (milliseconds)\n  = 1 min 30 s" in printed(
        an_answer(filled="90000", unit="seconds", value=90.0)
    )
    text = printed(an_answer(filled="90000 / 3", unit="money", value=300.0))
    assert "= 90000 / 3  (amounts in minor units)\n  = USD 300.00" in text


def test_what_is_not_known_is_left_out() -> None:
    nothing = dict.fromkeys(("value", "samples", "lower", "upper", "previous", "change", "verdict"))
    text = printed(an_answer(**nothing, filled="none", operands=[]))
    assert text.splitlines()[2:4] == ["  = none", "  = –"]
    assert "Before" not in text and "Verdict" not in text and "samples" not in text


def test_a_score_changes_by_points() -> None:
    text = printed(
        an_answer(kpi="nps", gauge="crm_nps_points", unit="points", value=30.0, previous=25.0, change=5.0)
    )
    assert "Before: +25.0; change +5.0 points." in text


def test_the_definition_is_that_of_the_catalog() -> None:
    words = {
        "counts": "Deals that stand.",
        "leaves_out": "Others.",
        "differs": "Some say\nmore.",
        "target": 0.5,
    }
    kpis = shipped().catalog.kpis
    said = {**kpis, "win_rate": kpis["win_rate"].model_copy(update=words)}
    plan = replace(shipped(), catalog=shipped().catalog.model_copy(update={"kpis": said}))
    rail = Guardrail(kpi="sales_cycle", why="Cheap deals are soon won.")
    text = printed(replace(an_answer(plan), guardrails=[Rail(rail, RATE), Rail(rail, None, "It rose")]))
    for line in (
        *("Counts: Deals that stand.", "Leaves out: Others.", "Other definitions: Some say more."),
        *("Guardrail: Sales cycle (change +20.0 %). Cheap deals are soon won.", "Target: 50.0 %."),
        "Guardrail: Sales cycle. Cheap deals are soon won.\n  Breached: It rose.",
    ):
        assert f"\n{line}\n" in text, line


def test_a_kpi_that_the_formula_names_is_explained_with_its_own_measures() -> None:
    reference = msgspec.structs.replace(RATE, kpi="churn", operands=[LEVEL], formula="a / b", filled="1 / 2")
    text = printed(an_answer(references=[reference]))
    assert text.index("deals_won  ") < text.index("churn = a / b = 1 / 2") < text.index("start(customers)")


def test_a_member_is_shown_as_it_is_and_a_terminal_obeys_none() -> None:
    nasty = "[/red] [bold]x[/bold] \x1b[2J\u202e"
    text = printed(an_answer(dimension="team", member=nasty))
    assert "30d, team=[/red] [bold]x[/bold] \\x1b[2J\\u202e, as of" in text
    assert "\x1b" not in text
