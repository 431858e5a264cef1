"""Cases for silence: what is long depends on days before, so these go by steps of twenty minutes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.words import Span, span_ms
from streams import naming
from streams.engine.plan import Plan
from streams.generate.alert_rule import Severity
from streams.generate.case import Case, Fires, Scenario, minutes, series
from streams.generate.humanized import duration
from streams.generate.pipeline_alerts import troubles
from streams.generate.pipeline_cases import fires

STEP: Final[Span] = "20m"
_STEP_S: Final = 1_200
_DAY: Final = 72
"""In steps, as all lengths here."""
_NIGHT: Final = _DAY // 3
_ALERT: Final = "CrmNoFreshEvent"
_BOTH: Final[Sequence[Severity]] = ("critical", "warning")


def silence_scenarios(plan: Plan) -> list[Scenario]:
    """Of the newest event."""
    known = _Silence(plan)
    return [
        Scenario(law, [case], STEP)
        for law, case in {
            "Old is what is older than the catalog says, by more than nothing": known.after_busy_days(),
            "A silence that is usual is none, and days on which all stood still make none usual": (
                known.after_quiet_nights()
            ),
        }.items()
    ]


class _Silence:
    """What the catalog says of it, in steps."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._limits = plan.catalog.pipeline.last_event
        self._trouble = next(one for one in troubles(plan.catalog.pipeline) if one.name == _ALERT)
        self._lasting = _steps(minutes(self._limits.for_))

    def after_busy_days(self) -> Case:
        """Events all the time, then none for long enough, then one. A second board hangs, and sees none."""
        last = 9 * _DAY
        warned, paged = (last + silent for silent in self._begins(0))
        again = paged + 3
        newest = _heard((last + 1, again - last - 1), (self._lasting + 2, 0))
        hung = series(naming.LAST_EVENT, {"instance": "two"}, [(0, again + self._lasting + 2)])
        checks = {
            warned - 1: [],
            warned: self._fire(warned - last, "warning"),
            paged - 1: self._fire(paged - 1 - last, "warning"),
            paged: self._fire(paged - last, *_BOTH),
            again + self._lasting: [],
        }
        return Case(_ALERT, {**newest, **hung}, checks)

    def after_quiet_nights(self) -> Case:
        """Each day ends with a silence of eight hours; on one of twelve the pipeline stood still.

        How long it is usually is seen once an hour here, so it may fire up to two hours before.
        """
        day, outage = (_DAY - _NIGHT, _NIGHT), (1, _DAY - 1)
        newest = _heard(*[day] * 5, outage, *[day] * 6, (_DAY - _NIGHT, 3 * _NIGHT))
        last = 13 * _DAY - _NIGHT - 1
        fired, _ = (last + silent for silent in self._begins(_NIGHT + 1))
        checks: dict[int, Sequence[Fires]] = {end * _DAY: [] for end in (2, 5, 9, 10, 11, 12, 13)}
        return Case(_ALERT, newest, {**checks, fired - 9: [], fired: self._fire(fired - last, *_BOTH)})

    def _begins(self, usual: int) -> Iterator[int]:
        """After how long a silence it is a warning, and when it is critical."""
        for span in (self._limits.warn, self._limits.critical):
            well = max(_whole_steps(span), int(self._limits.times_usual * usual))
            yield well + 1 + self._lasting

    def _fire(self, silent: int, *severities: Severity) -> list[Fires]:
        """`silent`: for so long there has been no event."""
        summary = f"No event for {duration(_STEP_S * silent)}"
        return [fires(self._plan, self._trouble, one, summary, {}) for one in severities]


def _heard(*phases: tuple[int, int]) -> Mapping[str, str]:
    """The newest event by the steps at which there were some, and then none."""
    values, at = [], 0
    for speaks, silent in phases:
        values.append(f"{_STEP_S * at}+{_STEP_S}x{speaks - 1}")
        at += speaks
        if silent:
            values.append(f"{_STEP_S * (at - 1)}x{silent - 1}")
        at += silent
    return {f'{naming.LAST_EVENT}{{instance="one"}}': " ".join(values)}


def _steps(minutes_: int) -> int:
    """How many steps are at least so long."""
    return -(-minutes_ * 60 // _STEP_S)


def _whole_steps(span: Span) -> int:
    return span_ms(span) // 1000 // _STEP_S
