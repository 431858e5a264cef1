"""What may be wrong with the pipeline, before rules, cases and runbooks are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.words import Span
from streams.generate.alert_rule import Severity


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that may be wrong with the pipeline."""

    name: str
    exprs: Mapping[Severity, str]
    """The graver first."""
    for_: Span
    summary: str
    description: str
    section: str
    """Of docs/operating.md, which says what to do."""
    stale: frozenset[Severity] = field(default_factory=frozenset)
    """With which severities it means that the numbers are old, or not all there."""
    lasting: Mapping[Severity, str] = field(default_factory=dict)
    """Those of `exprs` that hold on to what fires, by what Prometheus remembers of it."""
