"""Cases for the alerts of the KPIs, from the catalog's numbers and the engine's verdicts, not the rules.

Every law is shown by one run with all alerts in it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote_plus

from streams import naming
from streams.engine.kpis.confidence import Interval
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.verdicts import target_of
from streams.engine.plan import Plan
from streams.generate.alert_rule import Severity
from streams.generate.case import STALE, Case, Fires, Phase, Scenario, minutes, series, worse
from streams.generate.humanized import VALUES, humanize
from streams.generate.kpi_alerts import Judged, judged_series

_TERRIBLE: Final[Mapping[str, float]] = {"up": -1e6, "down": 1e6}
"""Direction that is good -> what would be critical if it were judged."""
_SPLENDID: Final[Mapping[str, float]] = {"up": 1e6, "down": -1e6}
_FIRES: Final[Mapping[str, Sequence[Severity]]] = {"critical": ("critical", "warning"), "warn": ("warning",)}
"""Verdict -> the severities with which an alert fires."""
_MEMBER: Final = 'Kaş "A" & B'
_UNTIL_HELD_BACK: Final = 2
"""So many minutes an alert lasts, after it is told that no board answers."""


def kpi_scenarios(plan: Plan) -> list[Scenario]:
    """Of all alerts of the catalog."""
    judged = list(judged_series(plan))
    return [Scenario(name, [case for one in judged for case in cases(one)]) for name, cases in _LAWS.items()]


# -- What is measured -------------------------------------------------------------------------------------

_Place = tuple[str, str, str]
"""(window, dimension, member)."""


def _wholes(judged: Judged) -> list[_Place]:
    return [(window, naming.ALL, naming.ALL) for window in judged.alert.windows]


def _measured(
    judged: Judged, places: Iterable[_Place], phases: Sequence[Phase], samples: int | None = None
) -> dict[str, str]:
    """What the board shows of the judged series; with just enough samples, if nothing else is said."""
    found: dict[str, str] = {}
    least = judged.alert.min_samples
    for place in places:
        found |= _value(judged, place, phases)
        if least:
            enough = (least if samples is None else samples, sum(length for _, length in phases))
            own = {"kpi": judged.series.kpi, "gauge": judged.series.gauge, **judged.series.labels}
            found |= series(naming.SAMPLES, own | _labels(place), [enough])
    return found


def _value(judged: Judged, place: _Place, phases: Sequence[Phase], **board: str) -> dict[str, str]:
    """Judged by a bound, the value and the other bound are terrible all the while: they do not matter."""
    gauge, labels, where = judged.series.gauge, judged.series.labels, _labels(place) | board
    if judged.alert.judge == "point":
        return series(gauge, {**labels, **where}, phases)
    terrible = [(_TERRIBLE[judged.kpi.good], sum(length for _, length in phases))]
    better, worse = ("upper", "lower") if judged.kpi.good == "up" else ("lower", "upper")
    own = {"kpi": judged.series.kpi, **labels, **where}
    return {
        **series(gauge, {**labels, **where}, terrible),
        **series(naming.BOUND, own | {"bound": better}, phases),
        **series(naming.BOUND, own | {"bound": worse}, terrible),
    }


def _labels(place: _Place) -> dict[str, str]:
    return dict(zip(naming.SLICE_LABELS, place, strict=True))


def _beyond(judged: Judged, threshold: float) -> float:
    return worse(judged.series.unit, judged.kpi.good, threshold)


def _worst(judged: Judged) -> float:
    """A little beyond the gravest threshold."""
    return _beyond(judged, next(iter(judged.thresholds.values())))


def _over(judged: Judged) -> float:
    """With this value the alert is over, by a hair."""
    clear = judged.alert.clear
    return judged.alert.warn if clear is None else clear


# -- What is expected -------------------------------------------------------------------------------------


def _fires(judged: Judged, value: float, places: Iterable[_Place], samples: int | None = None) -> list[Fires]:
    """What has fired for long enough, by the verdict of the engine."""
    enough = judged.alert.min_samples if samples is None else samples
    return [
        Fires(_alert_labels(judged, severity, place), _annotations(judged, value, place, enough))
        for place in places
        for severity in _severities(judged, place[0], value, enough)
    ]


def _severities(judged: Judged, window: str, value: float, samples: int) -> list[Severity]:
    verdict = judged.series.judge.verdict(window, value, samples, Interval(value, value))
    return [severity for severity in _FIRES.get(verdict, ()) if severity in judged.thresholds]


def _alert_labels(judged: Judged, severity: Severity, place: _Place) -> dict[str, str]:
    kpi = judged.kpi
    return {
        "severity": severity,
        "kpi": judged.series.kpi,
        "owner": kpi.owner,
        "group": kpi.group,
        **_labels(place),
    }


def _annotations(judged: Judged, value: float, place: _Place, samples: int) -> dict[str, str]:
    window, dimension, member = place
    of_member = "" if dimension == naming.ALL else f", {dimension} {member}"
    query = f"window={window}&dimension={dimension}&member={quote_plus(member)}"
    return {
        "summary": f"{judged.title}{of_member}, {window}: {_told(judged, value)}",
        "description": _description(judged, samples),
        "board_url": f"{judged.board}/kpi/{judged.series.kpi}?{query}",
        "runbook_url": f"{judged.board}/docs/runbooks/{judged.name}",
    }


def _told(judged: Judged, value: float) -> str:
    at_best = {"up": "at most", "down": "at least"}[judged.kpi.good] if judged.alert.judge == "bound" else ""
    currency, unit = judged.series.labels.get("currency", ""), judged.series.unit
    return " ".join(filter(None, [at_best, currency, VALUES.get(unit, humanize)(value)]))


def _description(judged: Judged, samples: int) -> str:
    alert, side = judged.alert, "below" if judged.kpi.good == "up" else "above"
    said = f"Warns {side} {judged.words(alert.warn)}"
    if alert.critical is not None:
        said = f"Critical {side} {judged.words(alert.critical)}"
        said += f", warns {side} {judged.words(alert.warn)}" if alert.warn != alert.critical else ""
    target = target_of(judged.kpi, alert)
    said += "." if target is None else f"; target {judged.words(target)}."
    return said + (f" From {samples} samples, of at least {alert.min_samples}." if alert.min_samples else "")


def gone_while_bad(judged: Judged, gone: int, checks: Iterable[int]) -> Case:
    """It is as bad as can be until no board answers any more, and then still fires at these minutes."""
    places, worst = _wholes(judged), _worst(judged)
    fires = _fires(judged, worst, places)
    return Case(
        judged.name, _measured(judged, places, [(worst, gone), (STALE, 1)]), dict.fromkeys(checks, fires)
    )


# -- The laws ---------------------------------------------------------------------------------------------


def _nothing_measured(judged: Judged) -> Iterator[Case]:
    yield Case(judged.name, {}, {minutes(judged.alert.for_) + 1: []})


def _steady(judged: Judged, value: float) -> Case:
    """A value that stays: what fires just before `for` has passed, then, and after as long again."""
    lasting, places = minutes(judged.alert.for_), _wholes(judged)
    measured, fires = _measured(judged, places, [(value, 2 * lasting + 3)]), _fires(judged, value, places)
    return Case(judged.name, measured, {lasting - 1: [], lasting: fires, 2 * lasting + 2: fires})


def _at_warn(judged: Judged) -> Iterator[Case]:
    yield _steady(judged, judged.alert.warn)


def _beyond_warn(judged: Judged) -> Iterator[Case]:
    if "warning" in judged.thresholds:
        yield _steady(judged, _beyond(judged, judged.alert.warn))


def _at_critical(judged: Judged) -> Iterator[Case]:
    if judged.alert.critical is not None:
        yield _steady(judged, judged.alert.critical)


def _beyond_critical(judged: Judged) -> Iterator[Case]:
    if judged.alert.critical is not None:
        yield _steady(judged, _beyond(judged, judged.alert.critical))


def _few_samples(judged: Judged) -> Iterator[Case]:
    if judged.alert.min_samples:
        lasting, few = minutes(judged.alert.for_), judged.alert.min_samples - 1
        measured = _measured(judged, _wholes(judged), [(_worst(judged), lasting + 2)], few)
        yield Case(judged.name, measured, {lasting + 1: []})


def _unknown_samples(judged: Judged) -> Iterator[Case]:
    if judged.alert.min_samples:
        lasting = minutes(judged.alert.for_)
        phases = [(_worst(judged), lasting + 2)]
        measured: dict[str, str] = {}
        for place in _wholes(judged):
            measured |= _value(judged, place, phases)
        yield Case(judged.name, measured, {lasting + 1: []})


def _ends(judged: Judged, after: float | str) -> Case:
    """It fires, is over, and comes again before it has ended; then it is over for good."""
    lasting, keeps = minutes(judged.alert.for_), _keeps(judged)
    worst, places = _worst(judged), _wholes(judged)
    phases = [(worst, lasting + 1), (after, keeps), (worst, 1), (after, keeps + 1)]
    again, fires = lasting + 1 + keeps, _fires(judged, worst, places)
    checks = {lasting: fires, again - 1: fires, again: fires, again + keeps: fires, again + keeps + 1: []}
    return Case(judged.name, _measured(judged, places, phases), checks)


def _keeps(judged: Judged) -> int:
    own = minutes(judged.alert.keep_firing_for or judged.alert.for_)
    return max(own, minutes(judged.plan.catalog.pipeline.processes) + _UNTIL_HELD_BACK)


def _flaps(judged: Judged) -> Iterator[Case]:
    yield _ends(judged, _over(judged))


def _gone(judged: Judged) -> Iterator[Case]:
    yield _ends(judged, STALE)


def _not_well(judged: Judged) -> Iterator[Case]:
    """In the first window it is critical for a minute, and later for long enough; in the others it never is.

    Then it is exactly where a warning begins.
    """
    warn, critical = judged.alert.warn, judged.alert.critical
    if judged.alert.clear is None or critical in (None, warn):
        return
    lasting, keeps, worst = minutes(judged.alert.for_), _keeps(judged), _worst(judged)
    middle = round((warn + critical) / 2, 9)
    (first, *others), begins = _wholes(judged), 2 * lasting + 3
    phases: list[Phase] = [(worst, 1), (middle, lasting + 2), (worst, lasting + 1), (middle, keeps + 2)]
    over = begins + keeps + 3
    phases, warned = [*phases, (warn, keeps + 1)], _fires(judged, middle, others)
    still = [] if judged.alert.clear == warn else _as_before(judged, worst, warn, [first])[1:]
    yield Case(
        judged.name,
        _measured(judged, [first], phases) | _measured(judged, others, [(middle, over + keeps + 1)]),
        {
            lasting + 2: [*_fires(judged, middle, [first]), *warned],
            begins: [*_fires(judged, worst, [first]), *warned],
            over - 1: [*_as_before(judged, worst, middle, [first]), *warned],
            over + keeps: [*still, *warned],
        },
    )


def _not_clear(judged: Judged) -> Iterator[Case]:
    """In the first window it is bad for a minute, and later for long enough; in the others it never is."""
    if judged.alert.clear in (None, judged.alert.warn):
        return
    lasting, keeps = minutes(judged.alert.for_), _keeps(judged)
    worst, between = _worst(judged), _beyond(judged, _over(judged))
    (first, *others), begins = _wholes(judged), 2 * lasting + 3
    phases = [(worst, 1), (between, lasting + 2), (worst, lasting + 1), (between, keeps + 2)]
    ends = begins + keeps + 2
    yield Case(
        judged.name,
        _measured(judged, [first], phases) | _measured(judged, others, [(between, ends + 1)]),
        {
            lasting + 2: [],
            begins: _fires(judged, worst, [first]),
            ends: _as_before(judged, worst, between, [first])[-1:],
        },
    )


def _as_before(judged: Judged, worst: float, value: float, places: Iterable[_Place]) -> list[Fires]:
    """What fired with the worst value, telling another by now."""
    least = judged.alert.min_samples
    return [
        Fires(_alert_labels(judged, severity, place), _annotations(judged, value, place, least))
        for place in places
        for severity in _severities(judged, place[0], worst, least)
    ]


def _members(judged: Judged) -> Iterator[Case]:
    """One member is bad, and the whole is well."""
    if not judged.alert.dimensions:
        return
    lasting, worst = minutes(judged.alert.for_), _worst(judged)
    slices = [(dimension, _MEMBER) for dimension in judged.alert.dimensions]
    places = [(window, *slice_) for window in judged.alert.windows for slice_ in slices]
    folded = [(window, dimension, naming.OTHER) for window, dimension, _ in places]
    yield Case(
        judged.name,
        {
            **_measured(judged, [*places, *folded], [(worst, lasting + 2)]),
            **_measured(judged, _wholes(judged), [(_over(judged), lasting + 2)]),
        },
        {lasting: _fires(judged, worst, places)},
    )


def _two_boards(judged: Judged) -> Iterator[Case]:
    """One of them hangs, and all was splendid when it began to."""
    lasting, places, worst = minutes(judged.alert.for_), _wholes(judged), _worst(judged)
    measured = _measured(judged, places, [(worst, lasting + 1)])
    for place in places:
        measured |= _value(judged, place, [(_SPLENDID[judged.kpi.good], lasting + 1)], instance="two")
    yield Case(judged.name, measured, {lasting: _fires(judged, worst, places)})


def _not_judged(judged: Judged) -> Iterator[Case]:
    """Other windows, other dimensions and the KPI's other series are terrible."""
    lasting, own = minutes(judged.alert.for_), judged.series
    phases = [(_worst(judged), lasting + 2)]
    windows = [window for window in own.windows if window not in own.judge.alerts]
    dimensions = [name for name in own.dimensions if name not in judged.alert.dimensions]
    places = [(window, naming.ALL, naming.ALL) for window in windows]
    places += [(window, name, _MEMBER) for window in judged.alert.windows for name in dimensions]
    measured = _measured(judged, places, phases)
    for other in judged.plan.series:
        if other.kpi == own.kpi and not other.judge.alerts:
            for place in _wholes(judged):
                measured |= series(other.gauge, {**other.labels, **_labels(place)}, phases)
                measured |= _bounds(other, place, phases)
    measured |= _measured(judged, _wholes(judged), [(_over(judged), lasting + 2)])
    yield Case(judged.name, measured, {lasting + 1: []})


def _bounds(other: SeriesPlan, place: _Place, phases: Sequence[Phase]) -> dict[str, str]:
    """Of a series that has labels of its own; without any, they would be those of the KPI's first gauge."""
    own = {"kpi": other.kpi, **other.labels, **_labels(place)}
    return {
        name: values
        for bound in ("lower", "upper")
        for name, values in series(naming.BOUND, own | {"bound": bound}, phases).items()
        if other.labels
    }


_Law = Callable[[Judged], Iterator[Case]]
_LAWS: Final[Mapping[str, _Law]] = {
    "Without data nothing fires": _nothing_measured,
    "Exactly at warn nothing fires": _at_warn,
    "Beyond warn for as long as `for` says there is a warning, and not a minute sooner": _beyond_warn,
    "Exactly at critical there is a warning only": _at_critical,
    "Beyond critical both fire": _beyond_critical,
    "With too few samples nothing fires, however bad it is": _few_samples,
    "Nor with samples that nobody knows": _unknown_samples,
    "What comes again before keep_firing_for has passed has never ended": _flaps,
    "What is measured no more ends as what is over does": _gone,
    "Where it says `clear`, what is critical goes on until nobody would be warned": _not_well,
    "Between clear and warn a warning goes on, what is critical ends, and nothing begins": _not_clear,
    "A member raises the alert by itself where the catalog says so, `other` never": _members,
    "Of two boards the one that tells the worse is believed": _two_boards,
    "Other windows, slices and series raise nothing": _not_judged,
}
"""Law -> its cases for one alert."""
