"""The alert of guardrails: a KPI gets better while the one that guards it gets worse."""

from typing import Final

from streams import naming
from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.promql import equals, indented, one_of, selector

WINDOWS: Final = ("7d", "30d", "90d")
ENOUGH: Final = 2
"""In so many of these windows it must be seen: chance shows in one, and in the next has gone from it."""
LASTING: Final = "6h"


def guardrail_alert(plan: Plan) -> list[AlertRule]:
    """One rule for all pairs; none where the catalog has no guardrails."""
    if not any(kpi.guardrails for kpi in plan.catalog.kpis.values()):
        return []
    expr = _expr()
    return [
        AlertRule(
            name=naming.GUARDRAIL_ALERT,
            severity="warning",
            expr=expr,
            bare_expr=expr,
            for_=LASTING,
            keep_firing_for=LASTING,
            owner="",
            group="",
            annotations=_annotations(plan),
        )
    ]


def _expr() -> str:
    """In how many windows each pair is breached, with owner and group of the KPI that got better."""
    breach = selector(naming.GUARDRAIL_BREACH, {}, one_of("window", WINDOWS), equals("dimension", naming.ALL))
    seen = f"count by (kpi, guardrail) (\n{indented(f'max by (kpi, guardrail, window) ({breach}) == 1')}\n)"
    owner = f"max by (kpi, owner, group) ({naming.INFO})"
    return f"(\n{indented(f'{seen} >= {ENOUGH}')}\n)\n* on (kpi) group_left (owner, group)\n{owner}"


def _annotations(plan: Plan) -> dict[str, str]:
    board = plan.catalog.links.board
    windows = f"{{{{ $value }}}} of the windows {', '.join(WINDOWS)}"
    return {
        "summary": "{{ $labels.kpi }} got better while {{ $labels.guardrail }} got worse",
        "description": f"Against the window before, in {windows}. The gain may be paid for elsewhere.",
        "board_url": f"{board}/kpi/{{{{ $labels.kpi }}}}?window={WINDOWS[1]}",
        "runbook_url": f"{board}/docs/runbooks/{naming.GUARDRAIL_ALERT}",
    }
