"""Runbooks of the KPIs' alerts: what the catalog says, in the order in which it is needed at night."""

from collections.abc import Iterator, Mapping
from typing import Final

from streams.engine.kpis.verdicts import BETTER_BOUND, WORSE_SIDE, target_of
from streams.engine.panes import DAY_MS
from streams.engine.plan import Plan
from streams.engine.windows import reach_ms
from streams.generate.alert_rule import Severity
from streams.generate.kpi_alerts import Judged
from streams.generate.markdown import bullets, code, numbered, section, sentence, table
from streams.naming import NOW

_WELL: Final[Mapping[str, str]] = {"up": "or more", "down": "or less"}
_DOES: Final[Mapping[Severity, str]] = {"critical": "pages", "warning": "warns"}


def kpi_blocks(judged: Judged) -> list[str]:
    """The blocks of a page, below its title."""
    beyond = f"{WORSE_SIDE[judged.kpi.good]} its limit{_surely(judged)}"
    return [
        f"**{judged.title}** is {beyond}. {sentence(judged.kpi.goal)}",
        section("What it means", _limits(judged), bullets(_means(judged))),
        section("What to look at first", numbered(_first(judged))),
        section("What helps", bullets(judged.alert.remedy)),
        section("When it ends", bullets(_ends(judged))),
    ]


def _surely(judged: Judged) -> str:
    return ", and not by chance" if judged.alert.judge == "bound" else ""


def _compared(judged: Judged) -> str:
    return f"{BETTER_BOUND[judged.kpi.good]} bound" if judged.alert.judge == "bound" else "value"


# -- What it means ----------------------------------------------------------------------------------------


def _limits(judged: Judged) -> str:
    alert = judged.alert
    window = "now" if alert.windows == [NOW] else code(alert.windows)
    rows = [
        [_DOES[severity], f"{WORSE_SIDE[judged.kpi.good]} {judged.words(value)}", window, alert.for_]
        for severity, value in judged.thresholds.items()
    ]
    return table(("it", f"when the {_compared(judged)} is", "in", "for"), rows)


def _means(judged: Judged) -> Iterator[str]:
    alert, kpi = judged.alert, judged.kpi
    target = target_of(kpi, alert)
    yield f"Owner: {kpi.owner}. Target: {'none' if target is None else judged.words(target)}."
    each = (
        f", and each {code(alert.dimensions)} by itself" if alert.dimensions else "; slices do not raise it"
    )
    yield f"Judged is the whole{each}."
    if alert.judge == "bound":
        yield (
            f"Not the value itself is judged but its {BETTER_BOUND[kpi.good]} bound, which is the better "
            "one: the true value lies between the bounds 95 times of 100, so chance alone pages nobody."
        )
    if alert.min_samples:
        yield f"With fewer than {alert.min_samples} samples it says nothing."
    if kpi.counts:
        yield f"What counts: {sentence(kpi.counts)}"
    if kpi.leaves_out:
        yield f"What does not: {sentence(kpi.leaves_out)}"
    yield f"All of it: [{kpi.title}](../kpis/{judged.series.kpi}.md)."


# -- What to look at first --------------------------------------------------------------------------------


def _first(judged: Judged) -> Iterator[str]:
    name, window = judged.series.kpi, judged.alert.windows[0]
    yield (
        "Can the numbers be trusted? The board says at its top when they are old, or a partition has no "
        "worker. Then see to that first: [docs/operating.md](../operating.md#what-do-you-see)."
    )
    yield f"[Its page on the board]({judged.board}/kpi/{name}?window={window}): since when, and how fast?"
    yield from judged.alert.first_look
    for measure in _waiting(judged):
        yield f"Who waits, the oldest first: `kpi waiting {measure}`, or the list on the page."
    if judged.kpi.dimensions:
        yield f"Where it is: the page sliced by {code(judged.kpi.dimensions)}."
    if guarded := _guarded_by(name, judged.plan):
        links = (f"[{judged.plan.catalog.kpis[one].title}]({judged.board}/kpi/{one})" for one in guarded)
        yield (
            f"It guards {', '.join(links)}: has one of these got better meanwhile? "
            "What pushed that one may be what broke this one."
        )
    yield f"How the number came about: `{_explain(judged)}`."


def _waiting(judged: Judged) -> list[str]:
    """The waiting lists behind the number."""
    return [one.name for one in judged.series.formula.measures if one.name in judged.plan.open_measures]


def _guarded_by(name: str, plan: Plan) -> list[str]:
    kpis = plan.catalog.kpis.items()
    return [other for other, kpi in kpis if any(guardrail.kpi == name for guardrail in kpi.guardrails)]


def _explain(judged: Judged) -> str:
    series = judged.series
    labels = [f"--label {name}={value}" for name, value in series.labels.items() if name != "currency"]
    gauge = [f"--gauge {series.gauge}"] if series.gauge != judged.kpi.gauge else []
    return " ".join(["kpi explain", series.kpi, "--window", judged.alert.windows[0], *labels, *gauge])


# -- When it ends -----------------------------------------------------------------------------------------


def _ends(judged: Judged) -> Iterator[str]:
    alert, keeps = judged.alert, judged.keeps
    yield f"By itself, when {_well(judged)} for {keeps}."
    longest = [window for window in alert.windows if window != NOW]
    if longest:
        yield f"What happened stays in the number for as long as its window is, up to {longest[-1]}."
    if alert.min_samples:
        at_night = ", as at night" if _is_short(judged) else ""
        yield (
            f"It also ends when there are fewer than {alert.min_samples} samples for {keeps}{at_night}: that "
            "says nothing of the cause, and with enough of them it comes again."
        )
    silence = f"amtool silence add alertname={judged.name} --duration=2h --comment=..."
    yield f"To have quiet while you work: `{silence}`."


def _well(judged: Judged) -> str:
    """When it is over, each severity by itself."""
    compared, ends = _compared(judged), {one: judged.ends_at(one) for one in judged.thresholds}
    if judged.alert.clear is None:
        return f"the {compared} has been within the limit"
    well = [f"{judged.words(value)} {_WELL[judged.kpi.good]}" for value in ends.values() if value is not None]
    if len(well) == 1:
        return f"the {compared} has been {well[0]}"
    return f"the {compared} has been {well[1]}, and what is critical when it has been {well[0]},"


def _is_short(judged: Judged) -> bool:
    """Whether a night is long beside one of its windows."""
    return any(reach_ms(window) <= DAY_MS for window in judged.alert.windows)
