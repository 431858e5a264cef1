"""The reference says what the catalog says: of each KPI all of it, in words, and nothing is out of date."""

import re
from pathlib import Path

import pytest

from schemas.catalog import Catalog, parse
from schemas.measures import MEASURE_SPECS
from streams.commands.generate import GENERATORS, Files
from streams.generate.reference import MARKER, texts
from streams.generate.sources import declared, facts_of, measures_of, needs
from streams.generate.words import in_words
from tests.builders import shipped

ROOT = Path(__file__).parents[2]


def kinds() -> Catalog:
    parsed = parse(Path(__file__).with_name("kinds.yaml").read_text())
    assert parsed.catalog is not None, parsed.problems
    return parsed.catalog


MEASURES = declared(kinds())
PAGES = texts(kinds())
SHARE, MONEY = PAGES["docs/kpis/share.md"], PAGES["docs/kpis/money.md"]


@pytest.mark.parametrize("name", GENERATORS)
def test_the_committed_files_are_those_that_the_catalog_gives(name: str) -> None:
    assert Files(name, shipped(), ROOT).differences() == []


def test_every_kpi_has_a_page_which_the_index_names_and_nobody_edits() -> None:
    pages = texts(shipped().catalog)
    assert set(pages) == {f"docs/kpis/{name}.md" for name in ("README", *shipped().catalog.kpis)}
    assert all(text.startswith(f"{MARKER}\n\n# ") and text.endswith("\n") for text in pages.values())
    links = re.findall(r"\]\((\w+)\.md\)", pages["docs/kpis/README.md"])
    assert sorted(links) == sorted(shipped().catalog.kpis)


def test_every_link_leads_to_a_page() -> None:
    for pages in (PAGES, texts(shipped().catalog)):
        for text in pages.values():
            for target in re.findall(r"\]\(([^)]+)\)", text):
                assert f"docs/kpis/{target}" in pages, target


def test_a_page_says_all_that_the_catalog_says_of_a_kpi() -> None:
    for said in (
        *("# Share | of deals", "Win.", "Owner: sales", "higher is better", "A note.", "What counts."),
        *("What does not.", "How others do it.", "Numerator `counted`, denominator `bounded`."),
        '`crm_share_ratio{state="final"}` | `counted / bounded` |',
        "There is no value where `summed` is 0 in the window.",
        'Windows of `crm_share_ratio{state="provisional"}`: `24h`, `30d`.',
        "`final`: the window that ended 7d ago",
        "The whole, and each `channel`. Labels of every gauge: `window`, `dimension`, `member`.",
        "Bounds: Wilson's interval (95 %)",
        "Target: 25.0 %.",
        "Benchmark: 20.0 % to 30.0 % (Somebody's study; 2020-05-17).",
        '| `crm_share_ratio{state="final"}` | `24h` | `all`, `channel` | 20.0 % '
        "| 10.0 % | 20 | its better bound | 10m | at 22.0 %; critical at 20.0 % |",
        "[Money](money.md) must not get worse by more than 10 % while this one gets better. It is not all.",
    ):
        assert said in SHARE, said


def test_what_is_not_there_is_said_or_left_out() -> None:
    assert "Target: none: no volume or amount fits every company; set your own." in MONEY
    assert "Benchmark: none." in MONEY
    assert "No alerts." in MONEY
    assert "## Guardrails" not in MONEY and "Bounds:" not in MONEY and "Numerator" not in MONEY


def test_what_a_formula_says_beside_measures_is_explained() -> None:
    assert '`crm_money{currency="EUR"}`' in MONEY
    assert "- `share`: the KPI [Share | of deals](share.md)." in MONEY
    assert "- `prev(x)`: x over the window before" in MONEY
    assert "- `days`" not in MONEY


def test_a_bar_in_a_text_does_not_end_the_cell_of_a_table() -> None:
    assert "| [Share \\| of deals](share.md) |" in PAGES["docs/kpis/README.md"]
    assert "`stage == 'a' \\| 'b'` |" in SHARE


def test_the_events_of_a_kpi_are_those_of_all_that_it_is_summed_from() -> None:
    """Also by way of another KPI, of moments, maps and stages."""
    catalog = kinds()
    measures = measures_of(catalog.kpis["money"], catalog)
    assert [one.name for one in measures] == ["summed", "standing", "counted", "bounded"]
    found = {(need.event, need.fact) for need in needs(measures)}
    assert {
        ("crm.refund.issued", "refunds"),
        ("crm.deal.won", "winning"),
        ("crm.deal.stage_changed", "moved"),
        ("crm.deal.created", "amount"),
        ("crm.deal.created", "stage, from `stage`"),
    } <= found


def test_the_facts_of_a_measure_are_those_that_it_reads() -> None:
    assert facts_of(MEASURES["counted"]) == ["created", "winning", "won", "lost", "moved"]
    assert facts_of(MEASURES["grown"]) == ["amount"]
    assert facts_of(MEASURES["timed"]) == ["winning", "won"]


WON = "the first `crm.deal.won` after every `crm.deal.lost` with no `crm.deal.stage_changed` after it"
CREATED = "`crm.deal.created` where `stage == 'a' | 'b'`"
AMOUNT = (
    "`amount` (`amount_minor` from `crm.deal.created`; 0 from `crm.deal.lost` where `final`, for each `line`)"
)
IN_WORDS = {
    "counted": f"each deal once, at {WON}, placed at {CREATED} if it came within 30d of that, "
    "only where `winning.amount_minor > 0`",
    "bounded": "each deal once, at `crm.deal.won`; with `crm.deal.stage_changed` at most once before "
    "`crm.deal.won`; with `crm.deal.lost` never after `crm.deal.won` within 7d; "
    "with `crm.deal.stage_changed` at least 2 times before `crm.deal.won`",
    "joined_ones": "each deal once, at the first time in `amount`, unless it is back. Only the first time",
    "summed": "the sum of `amount_minor` of `crm.deal.won`, less those of every `amount_minor` of "
    f"`crm.refund.issued`, one for each `refund_id`, at {WON}",
    "lasted": f"the time from {CREATED} to `crm.deal.won` (the second one after `crm.deal.stage_changed`), "
    "placed at the latter, business hours only",
    "timed": "the time in `amount_minor` of `crm.deal.won`, at `crm.deal.won`",
    "standing": f"a running total over all deals of {AMOUNT} under `x`, as `min(now, 1)`, while `amount`, "
    f"until {WON} or `crm.deal.lost`, times the probability of the stage at that time",
    "reached": f"each deal once, placed at {CREATED}, if it was ever in stage `last` or a later one, "
    f"or had {WON}",
    "grown": f"the changes of {AMOUNT}, summed per deal: up, but not from nothing",
    "open_ones": f"deals that are open: from {CREATED} to `crm.deal.won` or `crm.deal.lost`, once it is due "
    "(`winning.due_at`, else 30d after it)",
    "lost_ones": f"`then and not now` summed over all deals, of {AMOUNT} at the window's start and now, "
    "for those who last left as voluntary",
    "buyers": "deals with `crm.deal.won` in the window, each once, and `amount` now",
    "down": f"the time in {AMOUNT}, what overlaps counted once, what is open up to now",
    "spread": "`amount_minor` of `crm.deal.won`, spread evenly over the local days from `due_at` to `due_at`",
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_of_each_kind_is_said_in_words(name: str) -> None:
    assert in_words(MEASURES[name]) == IN_WORDS[name]


def test_there_is_a_measure_of_each_kind() -> None:
    assert {type(measure.spec) for measure in MEASURES.values()} == set(MEASURE_SPECS.values())
