"""One gauge series of a KPI, compiled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.words import Unit
from streams.engine.kpis.confidence import IntervalOf
from streams.engine.kpis.terms import Formula, Operand
from streams.engine.kpis.verdicts import Judge
from streams.engine.measures.base import BARE, Measure
from streams.engine.windows import days_of, tier_of


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What is read of a KPI for one set of labels."""

    kpi: str
    gauge: str
    unit: Unit
    labels: Mapping[str, str]
    formula: Formula
    windows: Sequence[str]
    dimensions: Sequence[str]
    interval: IntervalOf
    """How sure it is of what it reads."""
    judge: Judge
    mature_ms: int = 0
    """Final: its windows ended so long ago."""

    @property
    def measures(self) -> list[Measure]:
        return self.formula.measures

    @property
    def whole(self) -> bool:
        """Whether it is read over whole panes only, never over the one that holds now."""
        return self.formula.compares or bool(self.mature_ms)

    def has_before(self, window: str) -> bool:
        """Whether it can be compared with the window before: all of it has a value over whole panes."""
        required = [Operand(BARE, measure) for measure in self.formula.requires]
        operands = (*self.formula.operands, *required)
        return tier_of(window) is not None and not any(lacks_whole(one, window) for one in operands)


def lacks_whole(operand: Operand, window: str) -> str | None:
    """Why an operand has no value for a window that ended earlier; None if it has one."""
    measure = operand.measure
    if measure.only_now or operand.function == "oldest":
        return f"{measure.name} has a value only for windows that end now"
    if measure.kind == "trailing" and days_of(window) not in measure.over:
        return f"{measure.name} has no `over` of {window}"
    if tier_of(window) not in measure.tiers:
        return f"{measure.name} has no {tier_of(window)} panes"
    return None
