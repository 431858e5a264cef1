"""Runbooks: a page for each alert, for whoever is woken by it, and an index."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.alerts import alert_rules
from streams.generate.kpi_alerts import judged_series
from streams.generate.kpi_runbooks import kpi_blocks
from streams.generate.markdown import document, section, table
from streams.generate.pipeline_runbooks import pipeline_blocks
from streams.naming import PIPELINE

DIRECTORY: Final = "docs/runbooks"
MARKER: Final = "<!-- DO NOT EDIT: made from the catalog by `kpi generate runbooks`. -->"

_FIRST: Final = (
    "An alert's `runbook_url` leads here, its `board_url` to the number. While an alert fires that makes "
    "numbers stale, those of KPIs are held back: see to it first."
)


def texts(plan: Plan) -> dict[str, str]:
    """Relative path -> text."""
    pages = {name: document(MARKER, name, *blocks) for name, blocks in _pages(plan)}
    named = {f"{DIRECTORY}/{name}.md": text for name, text in pages.items()}
    return {f"{DIRECTORY}/README.md": _index(plan), **named}


def _pages(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """(alert, its blocks)."""
    for judged in judged_series(plan):
        yield judged.name, kpi_blocks(judged)
    yield from pipeline_blocks(plan)


# -- The index --------------------------------------------------------------------------------------------


def _index(plan: Plan) -> str:
    alerts = [list(rules) for _, rules in groupby(alert_rules(plan), key=lambda rule: rule.name)]
    of_pipeline = [rules for rules in alerts if rules[0].group == PIPELINE and not rules[0].kpi]
    of_kpis = [rules for rules in alerts if rules not in of_pipeline]
    heading = ("alert", "severity", "owner", "numbers are stale")
    return document(
        MARKER,
        "Runbooks",
        _FIRST,
        section("The pipeline", table(heading, map(_line, of_pipeline))),
        section("KPIs", table(heading[:3], (_line(rules)[:3] for rules in of_kpis))),
    )


def _line(rules: list[AlertRule]) -> list[str]:
    first = rules[0]
    stale = " and ".join(rule.severity for rule in rules if rule.stale)
    severities = ", ".join(rule.severity for rule in rules)
    return [f"[{first.name}]({first.name}.md)", severities, first.owner or "the KPI's", stale]
