"""Runbooks: a page for every alert, with what the catalog says of it, and links that lead somewhere."""

import re
from pathlib import Path

import pytest

from streams.engine.kpis.guardrails import compared_windows, pairs_of
from streams.generate.alerts import alert_rules
from streams.generate.pipeline_runbooks import advice
from streams.generate.runbooks import DIRECTORY, MARKER, texts
from streams.naming import GUARDRAIL_ALERT, PIPELINE_ALERTS
from tests.builders import shipped
from tests.generate.test_rules import OTHER

ROOT = Path(__file__).parents[2]
PAGES = texts(shipped())
NAMES = list(dict.fromkeys(rule.name for rule in alert_rules(shipped())))


def page(name: str) -> str:
    return PAGES[f"{DIRECTORY}/{name}.md"]


def test_every_alert_has_a_page_that_its_link_leads_to_and_the_index_names() -> None:
    assert {path.rpartition("/")[2].removesuffix(".md") for path in PAGES} == {"README", *NAMES}
    assert re.findall(r"\]\((\w+)\.md\)", page("README")) != []
    assert set(re.findall(r"\]\((\w+)\.md\)", page("README"))) == set(NAMES)
    for rule in alert_rules(shipped()):
        assert rule.annotations["runbook_url"].endswith(f"/docs/runbooks/{rule.name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_what_it_means_what_to_look_at_what_helps_and_when_it_ends(name: str) -> None:
    text = page(name)
    assert text.startswith(f"{MARKER}\n\n# {name}\n\n")
    wanted = ["What it means"] * (name != GUARDRAIL_ALERT)
    wanted += ["What to look at first", "What helps", "When it ends"]
    found = re.findall(r"^## (.*)\n\n(.+)", text, re.MULTILINE)
    assert [title for title, _ in found][: len(wanted)] == wanted


def test_every_link_leads_to_a_file_and_a_heading_of_it() -> None:
    for path, text in PAGES.items():
        for target, anchor in re.findall(r"\]\((?!http)([^)#]+)#?([^)]*)\)", text):
            file = (ROOT / path).parent / target
            assert file.is_file(), (path, target)
            assert anchor in {"", *anchors(file.read_text())}, (path, anchor)


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_advice_of_the_catalog_stands_in_the_runbook_of_its_alert() -> None:
    kpis = shipped().catalog.kpis
    assert all(alert.first_look and alert.remedy for kpi in kpis.values() for alert in kpi.alerts)
    [alert] = kpis["leads_waiting"].alerts
    for sentence in (*alert.first_look, *alert.remedy):
        assert sentence in page("CrmLeadsWaitingOldest")


def test_there_is_advice_for_the_alerts_of_the_pipeline_and_no_others() -> None:
    assert advice().keys() == set(PIPELINE_ALERTS)


def test_a_page_tells_the_thresholds_of_the_catalog() -> None:
    text = texts(OTHER)[f"{DIRECTORY}/CrmLeadsMade.md"]
    for said in (
        "| pages | below 10 | `24h`, `7d` | 3m |",
        "| warns | below 20 | `24h`, `7d` | 3m |",
        "Target: 50.",
        "and each `channel`, `team` by itself",
        "when the value has been 30 or more, and what is critical when it has been 20 or more, for 7m",
        "up to 7d",
    ):
        assert said in text, said
    bound = texts(OTHER)[f"{DIRECTORY}/CrmTaken.md"]
    assert "upper bound" in bound and "fewer than 12 samples" in bound
    assert "[Leads](http://localhost:8600/kpi/leads_made)" in bound, "which it guards"


def test_an_alert_of_those_who_wait_leads_to_their_list() -> None:
    assert "`kpi waiting leads_waiting`" in page("CrmLeadsWaitingOldest")
    assert "kpi waiting" not in page("CrmChurn")


def test_the_command_that_explains_names_the_judged_series() -> None:
    explain = "kpi explain lead_response --window 1h --label quantile=0.9 --label clock=business"
    assert explain in page("CrmLeadResponse")
    assert "--gauge crm_leads_waiting_oldest_seconds" in page("CrmLeadsWaitingOldest")


def test_every_pair_of_guardrails_that_two_windows_can_show_says_why_it_exists() -> None:
    lines = page(GUARDRAIL_ALERT).splitlines()
    for kpi, guard, guardrail in pairs_of(shipped()):
        long = compared_windows(kpi, guard) & {"7d", "30d", "90d", "365d"}
        rows = [line for line in lines if f"/{kpi.kpi}.md) | [" in line and guardrail.why in line]
        assert bool(rows) == (len(long) >= 2), f"{kpi.kpi} and {guard.kpi}"
