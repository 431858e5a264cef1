"""Runbooks of the pipeline's alerts and of guardrails: what to look at, and what helps."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ruamel.yaml import YAML

from schemas.kpis import Kpi
from streams import naming
from streams.engine.kpis.guardrails import pairs_of
from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.guardrail_alert import ENOUGH, LASTING, guardrail_alert, heard_pairs, windows_of
from streams.generate.markdown import bullets, code, numbered, section, table
from streams.generate.pipeline_alerts import pipeline_alerts, troubles
from streams.generate.trouble import Trouble

_OPERATING: Final = "../operating.md"


class Advice(NamedTuple):
    """What somebody who is woken needs beyond the alert itself."""

    look: Sequence[str]
    do: Sequence[str]
    ends: str


def advice() -> dict[str, Advice]:
    """Of every alert of the pipeline, from advice.yaml."""
    text = Path(__file__).with_name("advice.yaml").read_text(encoding="utf-8")
    return {name: Advice(**said) for name, said in YAML(typ="safe").load(text).items()}


def pipeline_blocks(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """(alert, the blocks of its page below the title)."""
    if guardrail_alert(plan):
        yield naming.GUARDRAIL_ALERT, _of_guardrail(plan)
    rules, advised = pipeline_alerts(plan), advice()
    for trouble in troubles(plan.catalog.pipeline):
        of_trouble = [rule for rule in rules if rule.name == trouble.name]
        yield trouble.name, _of_trouble(trouble, of_trouble, advised[trouble.name])


def _of_trouble(trouble: Trouble, rules: Sequence[AlertRule], advice: Advice) -> list[str]:
    held_back = "\n\nWhile it is critical, alerts of KPIs are held back." if trouble.stale else ""
    rows = [[rule.severity, f"`{' '.join(rule.expr.split())}`", rule.for_] for rule in rules]
    return [
        f"{trouble.description}{held_back}",
        section("What it means", table(("severity", "when", "for"), rows)),
        section("What to look at first", numbered(advice.look)),
        section("What helps", bullets(advice.do), _more(trouble)),
        section("When it ends", advice.ends),
    ]


def _more(trouble: Trouble) -> str:
    anchor = trouble.section.lower().replace(" ", "-")
    return f"In full: [docs/operating.md, {trouble.section}]({_OPERATING}#{anchor})."


def _of_guardrail(plan: Plan) -> list[str]:
    windows = f"in at least {ENOUGH} of the windows {code(windows_of(plan))}, for {LASTING}"
    advised = advice()[naming.GUARDRAIL_ALERT]
    return [
        "A KPI got better against the window before while its guardrail got worse by more than its "
        f"tolerance, {windows}. The gain may be paid for elsewhere. It never pages.",
        section("What to look at first", numbered(advised.look)),
        section("What helps", bullets(advised.do)),
        section("When it ends", advised.ends),
        section("The pairs", table(("KPI", "guardrail", "owner", "why"), _pairs(plan)), _unheard(plan)),
    ]


def _pairs(plan: Plan) -> Iterator[list[str]]:
    kpis = plan.catalog.kpis
    for better, guard, one in heard_pairs(plan):
        kpi = kpis[better.kpi]
        yield [_page_of(better.kpi, kpi), _page_of(guard.kpi, kpis[guard.kpi]), kpi.owner, one.why]


def _unheard(plan: Plan) -> str:
    """Which pairs are compared in too few of the windows to raise the alert."""
    heard, kpis = list(heard_pairs(plan)), plan.catalog.kpis
    links = [
        f"{_page_of(kpi.kpi, kpis[kpi.kpi])} with {kpis[guard.kpi].title}"
        for kpi, guard, why in pairs_of(plan)
        if (kpi, guard, why) not in heard
    ]
    return (
        f"Compared in too few of these windows to raise it, so look at the board: {', '.join(links)}."
        if links
        else ""
    )


def _page_of(name: str, kpi: Kpi) -> str:
    return f"[{kpi.title}](../kpis/{name}.md)"
