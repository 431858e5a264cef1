"""The KPIs of a catalog: formulas over windowed sums, and the words and limits that make them of use."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat

from schemas.words import FreeName, GaugeName, Model, Name, Names, Span, Unit, Window, distinct

Windows = Annotated[list[Window], AfterValidator(distinct), Field(min_length=1)]
Bounds = Literal["wilson", "adjusted_wald"]
"""How sure a value is: Wilson's interval of a proportion, or adjusted Wald's of a Net Promoter Score."""


class Series(Model):
    """One gauge series of a KPI; what it leaves out comes from the KPI."""

    formula: str
    gauge: GaugeName | None = None
    labels: dict[FreeName, str] = {}
    unit: Unit | None = None
    windows: Windows | None = None
    samples: str | None = None
    mature_after: Span | None = None
    """Final: of the window that ended so long ago; its measures count what happened `within` the span."""
    bounds: Bounds | None = None


class Benchmark(Model):
    """What others reach, in the KPI's unit. Without a source and a date there is none."""

    low: FiniteFloat
    high: FiniteFloat
    source: str
    date: date


class Guardrail(Model):
    """The KPI that must not get worse while this one gets better."""

    kpi: Name
    why: str
    tolerance: FiniteFloat = Field(default=0.05, ge=0)
    """How much worse it may get, relative to what it was; in points for a score in points."""


class Alert(Model):
    """Where a reading begins to be bad, in the gauge's unit; beyond `critical` somebody is paged."""

    name: Name | None = None
    """What tells it from the KPI's other alerts; rules and runbooks are called by it."""
    windows: Windows
    gauge: GaugeName | None = None
    labels: dict[FreeName, str] = {}
    """Of the series that is judged; others of the KPI are not."""
    dimensions: Names = []
    """Whose members raise the alert too, each by itself; else only the whole does."""
    warn: FiniteFloat
    critical: FiniteFloat | None = None
    clear: FiniteFloat | None = None
    """A warning that fires ends only when the value is this good again, what is critical only when it would
    not even warn; else each when the value is beyond its own limit no more."""
    min_samples: int = Field(default=0, ge=0)
    judge: Literal["point", "bound"] = "point"
    """`bound`: bad only when the whole interval is, so that chance pages nobody."""
    for_: Span = Field(default="5m", alias="for")
    """How long it must last."""
    keep_firing_for: Span | None = None
    """How long it must be over before the alert ends; as long as `for` by default, and never less than it
    takes to tell that all boards are down."""
    first_look: list[str] = []
    """What somebody who is woken by it looks at first: sentences of its runbook."""
    remedy: list[str] = []
    """What helps: sentences of its runbook."""


class Kpi(Model):
    """A formula over windowed sums, with the words that people need to use it rightly."""

    title: str
    group: Literal["sales", "support", "customers", "campaigns", "health", "pipeline"]
    goal: str
    owner: str
    unit: Unit
    good: Literal["up", "down", "none"]
    gauge: GaugeName
    windows: Windows
    dimensions: Names = []
    labels: dict[FreeName, str] = {}
    formula: str | None = None
    series: list[Series] = []
    """The first stands for the KPI in guardrails, and where a formula names the KPI."""
    requires: list[Name] = []
    """Measures of which at least one must be other than 0 for there to be a value (recorded costs)."""
    bounds: Bounds | None = None
    samples: str | None = None
    """A formula that counts what the value tells of, where the KPI's own formula has only amounts."""
    target: FiniteFloat | None = None
    benchmark: Benchmark | None = None
    alerts: list[Alert] = []
    guardrails: list[Guardrail] = []
    note: str | None = None
    """What a gauge's HELP says beside the title."""
    counts: str | None = None
    """What counts, in words."""
    leaves_out: str | None = None
    """What does not."""
    differs: str | None = None
    """Which other definitions exist or err, and which this is."""

    def all_series(self) -> list[Series]:
        """The KPI's series with gauge, labels, unit, windows, samples and bounds filled in."""
        given = self.series or [Series(formula=self.formula or "")]
        return [
            Series(
                formula=series.formula,
                gauge=series.gauge or self.gauge,
                labels={**self.labels, **series.labels},
                unit=series.unit or self.unit,
                windows=series.windows or self.windows,
                samples=series.samples or self.samples,
                mature_after=series.mature_after,
                bounds=series.bounds or self.bounds,
            )
            for series in given
        ]
