"""KPIs and their guardrails: what got better at the cost of what."""

from collections.abc import Iterator, Mapping
from typing import Final

from schemas.kpis import Kpi
from streams import naming
from streams.engine.kpis.guardrails import pairs_of
from streams.engine.kpis.series import SeriesPlan
from streams.engine.plan import Plan
from streams.generate.dashboards import words
from streams.generate.dashboards.choices import Choices
from streams.generate.dashboards.frame import Frame, Made, dashboard
from streams.generate.dashboards.layout import Section, Tile, line
from streams.generate.dashboards.looks import GREEN, RED
from streams.generate.dashboards.panels import (
    Column,
    Head,
    Query,
    chart_panel,
    matrix_panel,
    named,
    table_panel,
    text_panel,
)
from streams.generate.promql import selector

_CELLS: Final[Mapping[float, tuple[str, str]]] = {0: ("kept", GREEN), 1: ("worse", RED)}
_NONE: Final = "no pair can be compared"
_NONE_WORSE: Final = "none got worse"
_ABOUT: Final = (
    "A KPI got better against the window before, while one of its guardrails got worse by more than its "
    "tolerance: the gain is paid for elsewhere. Both need enough samples in both windows."
)


def comparable(plan: Plan) -> bool:
    """Whether the catalog has a pair that is ever compared."""
    return any(shared_windows(kpi, guard) for kpi, guard, _ in pairs_of(plan))


def guardrail_dashboard(plan: Plan) -> Made:
    """Of a catalog in which some pair is `comparable`."""
    choices = _choices(plan)
    frame = Frame("guardrails", "KPIs and their guardrails", _ABOUT, choices)
    return dashboard(plan, frame, _sections(plan, choices))


def _choices(plan: Plan) -> Choices:
    """Windows and slices in which some pair can be compared."""
    pairs = [(kpi, guard) for kpi, guard, _ in pairs_of(plan)]
    windows = [shared_windows(kpi, guard) for kpi, guard in pairs]
    return Choices(
        windows, ([name for name in kpi.dimensions if name in guard.dimensions] for kpi, guard in pairs)
    )


def shared_windows(kpi: SeriesPlan, guard: SeriesPlan) -> list[str]:
    """In which both are compared with the window before."""
    both = [window for window in kpi.windows if window in guard.windows]
    return [window for window in both if kpi.has_before(window) and guard.has_before(window)]


def _sections(plan: Plan, choices: Choices) -> Iterator[Section]:
    window = choices.windows.of(choices.windows.options)
    guarded = sum(bool(kpi.guardrails) for kpi in plan.catalog.kpis.values())
    asked = {"window": window, **choices.slice}
    yield Section(f"Now, {window}", [line(3 + guarded, (24, _matrix(plan, asked)))])
    yield Section(
        "In all windows",
        [line(10, (12, _by_window(plan, choices.slice)), (12, _over_time(plan, choices.slice)))],
    )
    yield Section("Why these pairs", [line(4 + guarded, (24, _why(plan)))], closed=True)


def breaches(plan: Plan, slice_: Mapping[str, str]) -> Tile:
    """The pairs that are breached in some window."""
    expr = f"count by (kpi, guardrail) (max by (kpi, guardrail, window) ({_breach(slice_)}) == 1)"
    rows = {"kpi": "KPI", "guardrail": "Guardrail"}
    head = Head("Guardrails that got worse", _ABOUT, data_links=[_page(plan, "${__data.fields.kpi}", slice_)])
    panel = table_panel(head, rows, [Column("Windows", expr, "short")], _NONE_WORSE)
    return Tile("guardrails/breaches", panel)


def _matrix(plan: Plan, asked: Mapping[str, str]) -> Tile:
    about = f"{_ABOUT} Empty where a pair is not compared in this window."
    head = Head("KPI by guardrail", about, data_links=[_page(plan, "${__data.fields[0]}", asked)])
    expr = f"max by (kpi, guardrail) ({_breach(asked)})"
    return Tile("guardrails/matrix", matrix_panel(head, expr, "kpi", "guardrail", named(_CELLS), _NONE))


def _by_window(plan: Plan, slice_: Mapping[str, str]) -> Tile:
    """Of the pairs that are breached in some window, all their windows."""
    both = f"max by (kpi, guardrail, window) ({_breach(slice_)})"
    breached = f"{both} and on (kpi, guardrail) (max by (kpi, guardrail) ({_breach(slice_)}) == 1)"
    expr = f'label_join({breached}, "pair", " / ", "kpi", "guardrail")'
    head = Head("Breached pairs by window", f"{_ABOUT} One window alone may be chance.")
    return Tile("guardrails/windows", matrix_panel(head, expr, "pair", "window", named(_CELLS), _NONE_WORSE))


def _over_time(plan: Plan, slice_: Mapping[str, str]) -> Tile:
    expr = f"count by (window) (max by (kpi, guardrail, window) ({_breach(slice_)}) == 1)"
    head = Head("Breached pairs over time", _ABOUT)
    panel = chart_panel(head, [Query(expr, "{{window}}")], "short", zero=True, no_value=_NONE_WORSE)
    return Tile("guardrails/time", panel)


def _breach(where: Mapping[str, str]) -> str:
    return selector(naming.GUARDRAIL_BREACH, where)


def _page(plan: Plan, kpi: str, where: Mapping[str, str]) -> tuple[str, str]:
    return words.page(plan.catalog.links.board, kpi, {**where})


def _why(plan: Plan) -> Tile:
    """What the catalog says of each pair."""
    kpis, board = plan.catalog.kpis, plan.catalog.links.board
    lines = [
        f"| {_title(board, kpi.kpi, kpis[kpi.kpi])} | {_title(board, guard.kpi, kpis[guard.kpi])} "
        f"| {_cell(rail.why)} | {', '.join(shared_windows(kpi, guard)) or 'never compared'} |"
        for kpi, guard, rail in pairs_of(plan)
    ]
    heading = ["| KPI | Guardrail | Why | Compared in |", "|---|---|---|---|"]
    return Tile("guardrails/why", text_panel("Pairs of the catalog", "\n".join([*heading, *lines])))


def _title(board: str, name: str, kpi: Kpi) -> str:
    return f"[{_cell(kpi.title)}]({words.reference(board, name)[1]})"


def _cell(text: str) -> str:
    """In a table of Markdown."""
    return " ".join(text.split()).replace("|", r"\|")
