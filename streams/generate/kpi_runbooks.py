"""Runbooks of the KPIs' alerts: what the catalog says, in the order in which it is needed at night."""

from collections.abc import Iterator, Mapping
from typing import Final

from streams.engine.kpis.verdicts import target_of
from streams.engine.plan import Plan
from streams.generate.alert_rule import Severity
from streams.generate.kpi_alerts import Judged
from streams.generate.markdown import bullets, code, numbered, section, sentence, table
from streams.naming import NOW

_SIDE: Final[Mapping[str, str]] = {"up": "below", "down": "above"}
_WELL: Final[Mapping[str, str]] = {"up": "or more", "down": "or less"}
_DOES: Final[Mapping[Severity, str]] = {"critical": "pages", "warning": "warns"}
_BEST: Final[Mapping[str, str]] = {"up": "upper", "down": "lower"}


def kpi_blocks(judged: Judged) -> list[str]:
    """The blocks of a page, below its title."""
    return [
        f"**{judged.title}** is {_SIDE[judged.kpi.good]} its limit. {sentence(judged.kpi.goal)}",
        section("What it means", _limits(judged), bullets(_means(judged))),
        section("What to look at first", numbered(_first(judged))),
        section("What helps", bullets(judged.alert.remedy)),
        section("When it ends", bullets(_ends(judged))),
    ]


# -- What it means ----------------------------------------------------------------------------------------


def _limits(judged: Judged) -> str:
    alert = judged.alert
    window = "now" if alert.windows == [NOW] else code(alert.windows)
    rows = [
        [_DOES[severity], f"{_SIDE[judged.kpi.good]} {judged.words(value)}", window, alert.for_]
        for severity, value in judged.thresholds.items()
    ]
    return table(("it", "when the value is", "in", "for"), rows)


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
            f"Not the value itself is judged but its {_BEST[kpi.good]} bound, which is the better one: "
            "the true value lies between the bounds 95 times of 100, so chance alone pages nobody."
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
    alert, keeps = judged.alert, judged.alert.keep_firing_for or judged.alert.for_
    if alert.clear is None:
        yield f"By itself, when the value has been within the limit for {keeps}."
    else:
        well = f"{judged.words(alert.clear)} {_WELL[judged.kpi.good]}"
        yield f"By itself, when the value has been {well} for {keeps}: a value that sways does not end it."
    longest = [window for window in alert.windows if window != NOW]
    if longest:
        yield f"What happened stays in the number for as long as its window is, up to {longest[-1]}."
    if alert.min_samples:
        yield "It also ends when there are too few samples, as at night: that says nothing of the cause."
    silence = f"amtool silence add alertname={judged.name} --duration=2h --comment=..."
    yield f"To have quiet while you work: `{silence}`."
