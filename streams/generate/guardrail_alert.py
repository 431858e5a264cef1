"""The alert of guardrails: a KPI gets better while the one that guards it gets worse."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from schemas.kpis import Guardrail
from streams import naming
from streams.engine.kpis.guardrails import compared_windows, pairs_of
from streams.engine.kpis.series import SeriesPlan
from streams.engine.panes import DAY_MS
from streams.engine.plan import Plan
from streams.engine.windows import is_rolling, reach_ms
from streams.generate.alert_rule import AlertRule
from streams.generate.promql import equals, indented, one_of, selector

Pair = tuple[SeriesPlan, SeriesPlan, Guardrail]
ENOUGH: Final = 2
"""In so many windows it must be seen: chance shows in one, and in the next has gone from it."""
LASTING: Final = "6h"
_LONG_MS: Final = 7 * DAY_MS
"""Shorter windows show chance more often than anything else."""
_ALIKE: Final = 2
"""Windows whose lengths differ by less than this factor are no two witnesses (28d, 30d)."""


def guardrail_alert(plan: Plan) -> list[AlertRule]:
    """One rule for all pairs; none where the catalog has no pair that can raise it."""
    if not any(heard_pairs(plan)):
        return []
    expr = _expr(plan)
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


def heard_pairs(plan: Plan) -> Iterator[Pair]:
    """The pairs that are compared in enough of the alert's windows to raise it."""
    windows = set(windows_of(plan))
    return (pair for pair in pairs_of(plan) if len(compared_windows(*pair[:2]) & windows) >= ENOUGH)


def windows_of(plan: Plan) -> list[str]:
    """The windows that the alert looks at, the shortest first: long ones, if there are enough of these."""
    compared = Counter(window for pair in pairs_of(plan) for window in compared_windows(*pair[:2]))
    rolling = [window for window in compared if is_rolling(window) and reach_ms(window) >= DAY_MS]
    rolling.sort(key=lambda window: (-compared[window], -reach_ms(window)))
    distinct: list[str] = []
    for window in rolling:
        if not any(_are_alike(window, other) for other in distinct):
            distinct.append(window)
    long = [window for window in distinct if reach_ms(window) >= _LONG_MS]
    return sorted(long if len(long) >= ENOUGH else distinct, key=reach_ms)


def _are_alike(one: str, other: str) -> bool:
    shorter, longer = sorted((reach_ms(one), reach_ms(other)))
    return longer < _ALIKE * shorter


def _expr(plan: Plan) -> str:
    """In how many windows each pair is breached, with owner and group of the KPI that got better."""
    breach = _breach([one_of("window", windows_of(plan))])
    seen = f"count by (kpi, guardrail) (\n{indented(f'max by (kpi, guardrail, window) ({breach}) == 1')}\n)"
    owner = f"max by (kpi, owner, group) ({naming.INFO})"
    return f"(\n{indented(f'{seen} >= {ENOUGH}')}\n)\n* on (kpi) group_left (owner, group)\n{owner}"


def _breach(matchers: Sequence[str]) -> str:
    return selector(naming.GUARDRAIL_BREACH, {}, *matchers, equals("dimension", naming.ALL))


def _annotations(plan: Plan) -> dict[str, str]:
    """Prometheus is asked again for titles and windows, which the series that fires does not have."""
    board = plan.catalog.links.board
    pair = ["kpi=%q", "guardrail=%q", one_of("window", windows_of(plan))]
    shown = f"max by (window) ({_breach(pair)}) == 1"
    asked = f'printf `{shown}` $labels.kpi $labels.guardrail | query | sortByLabel "window"'
    better, worse = _title("kpi"), _title("guardrail")
    first = f'{{{{ with {asked} }}}}{{{{ . | first | label "window" }}}}{{{{ end }}}}'
    each = f"{{{{ range {asked} }}}} {{{{ .Labels.window }}}}{{{{ end }}}}"
    return {
        "summary": f"{better} got better while {worse} got worse",
        "description": (
            f"Against the window before, in {{{{ $value }}}} windows:{each}. "
            "The gain may be paid for elsewhere; by how much, the board says in a sentence."
        ),
        "board_url": f"{board}/kpi/{{{{ $labels.kpi }}}}?window={first}",
        "runbook_url": f"{board}/docs/runbooks/{naming.GUARDRAIL_ALERT}",
    }


def _title(label: str) -> str:
    """Of the KPI that a label of the alert names."""
    asked = f"printf `{naming.INFO}{{kpi=%q}}` $labels.{label} | query"
    return f'{{{{ with {asked} }}}}{{{{ . | first | label "title" }}}}{{{{ end }}}}'
