"""Cases for the alert of guardrails, on the first pair of the catalog. A minute stands for half an hour."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from schemas.words import span_ms
from streams import naming
from streams.engine.plan import Plan
from streams.generate.case import Case, Fires, Phase, Scenario, series
from streams.generate.guardrail_alert import ENOUGH, LASTING, WINDOWS

STEP: Final = "30m"
"""How far apart values are."""
_LASTING: Final = span_ms(LASTING) // span_ms(STEP)
_LONG: Final = 2 * _LASTING + 2


def guardrail_scenarios(plan: Plan) -> list[Scenario]:
    """None where the catalog has no guardrails."""
    pairs = ((name, rail.kpi) for name, kpi in plan.catalog.kpis.items() for rail in kpi.guardrails)
    return [
        Scenario(law, [Case(naming.GUARDRAIL_ALERT, measured, checks)], STEP)
        for pair in list(pairs)[:1]
        for law, (measured, checks) in _laws(plan, *pair)
    ]


def _laws(
    plan: Plan, kpi: str, guardrail: str
) -> Iterator[tuple[str, tuple[Mapping[str, str], Mapping[int, list[Fires]]]]]:
    pair, info = {"kpi": kpi, "guardrail": guardrail}, _info(plan, kpi)
    enough, few = WINDOWS[:ENOUGH], WINDOWS[: ENOUGH - 1]
    found = [_fires(plan, pair, ENOUGH)]
    breached: list[Phase] = [(1, _LONG)]
    over: list[Phase] = [(1, _LASTING + 1), (0, _LASTING), (1, 1), (0, _LASTING + 1)]
    again = 2 * _LASTING + 1
    yield "Without data nothing fires", ({}, {_LASTING + 1: []})
    yield (
        "A breach that several windows show is told when it has lasted, and not before",
        (_breach(pair, enough, breached) | info, {_LASTING - 1: [], _LASTING: found}),
    )
    yield (
        "A breach in too few windows may be chance",
        (_breach(pair, few, breached) | info, {_LASTING: [], _LONG - 1: []}),
    )
    yield (
        "Breaches of slices and of other windows are told on the board only",
        (
            _breach(pair, WINDOWS, breached, {"dimension": "team", "member": "north"})
            | _breach(pair, ["24h", "mtd"], breached)
            | info,
            {_LONG - 1: []},
        ),
    )
    yield (
        "A pair that was compared and is fine is no breach",
        (_breach(pair, WINDOWS, [(0, _LONG)]) | info, {_LONG - 1: []}),
    )
    yield (
        "What comes again before it has ended goes on",
        (
            _breach(pair, enough, over) | info,
            {_LASTING: found, again: found, again + _LASTING: found, again + _LASTING + 1: []},
        ),
    )


def _breach(
    pair: Mapping[str, str],
    windows: Iterable[str],
    phases: list[Phase],
    place: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """As two boards tell it."""
    slice_ = place or {"dimension": naming.ALL, "member": naming.ALL}
    found: dict[str, str] = {}
    for window in windows:
        for board in ("one", "two"):
            labels = {**pair, "window": window, **slice_, "instance": board}
            found |= series(naming.GUARDRAIL_BREACH, labels, phases)
    return found


def _info(plan: Plan, name: str) -> dict[str, str]:
    kpi = plan.catalog.kpis[name]
    labels = {"kpi": name, "owner": kpi.owner, "group": kpi.group}
    found: dict[str, str] = {}
    for board in ("one", "two"):
        found |= series(naming.INFO, {**labels, "instance": board}, [(1, 3 * _LONG)])
    return found


def _fires(plan: Plan, pair: Mapping[str, str], number: int) -> Fires:
    board, kpi = plan.catalog.links.board, plan.catalog.kpis[pair["kpi"]]
    return Fires(
        {"severity": "warning", **pair, "owner": kpi.owner, "group": kpi.group},
        {
            "summary": f"{pair['kpi']} got better while {pair['guardrail']} got worse",
            "description": (
                f"Against the window before, in {number} of the windows {', '.join(WINDOWS)}. "
                "The gain may be paid for elsewhere."
            ),
            "board_url": f"{board}/kpi/{pair['kpi']}?window={WINDOWS[1]}",
            "runbook_url": f"{board}/docs/runbooks/{naming.GUARDRAIL_ALERT}",
        },
    )
