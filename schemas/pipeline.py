"""What the catalog says of the pipeline itself: when somebody is told that numbers are late or incomplete.

Every field has a default, so a catalog need not say any of it. Nothing here changes what is summed.
"""

from typing import Self

from pydantic import Field, FiniteFloat, model_validator
from pydantic_core import PydanticCustomError

from schemas.words import Model, Span, span_ms


class Limit(Model):
    """Beyond which number somebody is told, and is paged; `for` is how long it must last."""

    warn: FiniteFloat = Field(ge=0)
    critical: FiniteFloat = Field(ge=0)
    for_: Span = Field(default="5m", alias="for")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.critical < self.warn:
            text = "critical is at least warn, which is {warn}; not {critical}"
            context = {"warn": f"{self.warn:g}", "critical": f"{self.critical:g}"}
            raise PydanticCustomError("limit", text, context)
        return self


class Age(Model):
    """As `Limit`, of a time that has passed, as long as that is more than usual.

    Nights and weekends are quiet, and how quiet differs between companies: so it must also be so many times
    the longest silence of a usual day.
    """

    warn: Span
    critical: Span
    times_usual: FiniteFloat = Field(default=2, ge=1)
    for_: Span = Field(default="5m", alias="for")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if span_ms(self.critical) < span_ms(self.warn):
            text = "critical is at least warn, which is {warn}; not {critical}"
            raise PydanticCustomError("limit", text, {"warn": self.warn, "critical": self.critical})
        return self


class Silence(Model):
    """How long a source may send nothing.

    Some speak once a month, and some not at weekends: so it must also be so many times what its newest event
    has been old on average in the last 30 days. One that is silent for ever is missed for some days by that.
    """

    warn: Span = "1d"
    times_usual: FiniteFloat = Field(default=6, gt=2)
    for_: Span = Field(default="15m", alias="for")


class Share(Limit):
    """As `Limit`, of a part of a whole."""

    @model_validator(mode="after")
    def _part_of_one(self) -> Self:
        if self.critical > 1:
            context = {"share": f"{self.critical:g}", "percent": f"{100 * self.critical:,g}"}
            raise PydanticCustomError("share", "a share lies in 0..1: {share} means {percent} %", context)
        return self


class Refusals(Model):
    """Which share of a vendor's requests may be refused."""

    warn: FiniteFloat = Field(default=0.1, ge=0, lt=1)
    for_: Span = Field(default="10m", alias="for")


def _limit(warn: float, critical: float, for_: Span) -> Limit:
    return Limit.model_validate({"warn": warn, "critical": critical, "for": for_})


class Pipeline(Model):
    """The thresholds of the pipeline's own alerts."""

    owner: str = "operations"
    """Whom they are sent to."""
    last_event: Age = Age(warn="1h", critical="4h")
    """Age of the newest accepted event."""
    source: Silence = Silence()
    partitions: Span = "2m"
    """How long a partition may be without a worker, or held."""
    kafka: Span = "2m"
    """How long Kafka may not answer."""
    processes: Span = "5m"
    """How long a worker or a board may be away, as in a restart."""
    lag: Limit = _limit(10_000, 100_000, "10m")
    """Records of a partition that wait to be counted."""
    commit_seconds: Limit = _limit(1, 5, "10m")
    """Of 99 commits of 100, how long they take at most."""
    errors: Limit = _limit(3, 20, "5m")
    """Partitions opened again after an error, in 15 minutes."""
    fenced: Limit = _limit(10, 100, "5m")
    """Commits refused, in 15 minutes: single ones belong to every hand-over."""
    redis_memory: Share = Share(warn=0.8, critical=0.9)
    """Share of the memory that Redis may take."""
    webhooks: Refusals = Refusals()
    """Of a vendor's requests in 15 minutes, the share that is not accepted."""
