"""Cases for the alert of guardrails, on the first pair of the catalog. A minute stands for half an hour."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from schemas.words import span_ms
from streams import naming
from streams.engine.kpis.guardrails import compared_windows, pairs_of
from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.generate.case import Case, Fires, Phase, Scenario, series
from streams.generate.guardrail_alert import LASTING

STEP: Final = "30m"
"""How far apart values are."""
_LASTING: Final = span_ms(LASTING) // span_ms(STEP)
_LONG: Final = 2 * _LASTING + 2
_ENOUGH: Final = 2
_TWO: Final = (("30d", "90d"), ("7d", "30d"), ("90d", "365d"), ("7d", "28d"), ("24h", "28d"), ("24h", "7d"))
"""Windows that can show together that a breach is no chance, the best first."""


def guardrail_scenarios(plan: Plan) -> list[Scenario]:
    """None where the catalog has no guardrails that two windows can show."""
    pairs = ((kpi.kpi, guard.kpi, _witnesses(kpi, guard)) for kpi, guard, _ in pairs_of(plan))
    return [
        Scenario(law, [Case(naming.GUARDRAIL_ALERT, measured, checks)], STEP)
        for pair in [one for one in pairs if len(one[2]) == _ENOUGH][:1]
        for law, (measured, checks) in _laws(plan, *pair)
    ]


def _witnesses(kpi: SeriesPlan, guard: SeriesPlan) -> list[str]:
    """Two windows of clearly different length in which a pair is compared; none where there are no such."""
    both = compared_windows(kpi, guard)
    return next((list(two) for two in _TWO if both.issuperset(two)), [])


def _laws(
    plan: Plan, kpi: str, guardrail: str, enough: Sequence[str]
) -> Iterator[tuple[str, tuple[Mapping[str, str], Mapping[int, list[Fires]]]]]:
    pair, info = {"kpi": kpi, "guardrail": guardrail}, _info(plan, kpi) | _info(plan, guardrail)
    found = [_fires(plan, pair, enough)]
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
        (_breach(pair, enough[-1:], breached) | info, {_LASTING: [], _LONG - 1: []}),
    )
    yield (
        "Breaches of slices and of other windows are told on the board only",
        (
            _breach(pair, enough, breached, {"dimension": "team", "member": "north"})
            | _breach(pair, ["1h", "mtd", "qtd"], breached)
            | info,
            {_LONG - 1: []},
        ),
    )
    yield (
        "A pair that was compared and is fine is no breach",
        (_breach(pair, enough, [(0, _LONG)]) | info, {_LONG - 1: []}),
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
    labels = {"kpi": name, "title": kpi.title, "owner": kpi.owner, "group": kpi.group}
    found: dict[str, str] = {}
    for board in ("one", "two"):
        found |= series(naming.INFO, {**labels, "instance": board}, [(1, 3 * _LONG)])
    return found


def _fires(plan: Plan, pair: Mapping[str, str], windows: Sequence[str]) -> Fires:
    board, shown = plan.catalog.links.board, sorted(windows)
    kpi, guardrail = (plan.catalog.kpis[name] for name in pair.values())
    return Fires(
        {"severity": "warning", **pair, "owner": kpi.owner, "group": kpi.group},
        {
            "summary": f"{kpi.title} got better while {guardrail.title} got worse",
            "description": (
                f"Against the window before, in {len(shown)} windows: {' '.join(shown)}. "
                "The gain may be paid for elsewhere; by how much, the board says in a sentence."
            ),
            "board_url": f"{board}/kpi/{pair['kpi']}?window={shown[0]}",
            "runbook_url": f"{board}/docs/runbooks/{naming.GUARDRAIL_ALERT}",
        },
    )
