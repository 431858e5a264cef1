"""What an operator must act on. Bad events are values, not exceptions (`streams.engine.decode.Reject`).

KpiError
  +-- DocumentError       a document that a person wrote says something that cannot be
  |     +-- CatalogError      the catalog
  |     +-- MappingError      a mapping: of webhooks (intake.yaml), or of a file that is imported
  +-- TooManySeries       the catalog's gauges may have more series than is allowed
  +-- SettingsError       a KPI_... setting is missing or wrong
  +-- BadParameter        a question asks for something that there is not
  |     +-- UnknownReading    there is no such KPI, series, window or slice to explain
  +-- Busy                the board serves as many as it can already
  +-- MissingPart         a program or package that this command needs is not installed
  +-- StartError          a child process (worker, board, Redis) did not come up
  +-- Unreachable         Kafka or Redis does not answer
  +-- Stalled             a partition of this worker lags and does not move
  +-- Held                a partition must not be processed until somebody has looked
"""

from collections.abc import Sequence

from schemas.documents import Problem


class KpiError(Exception):
    """Base of all our errors; its text is one that a person can act on."""

    status = 1
    """Exit status of a command that ends with it."""


class DocumentError(KpiError):
    """The document at `source` is refused; `problems` lists every fault that was found."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))


class CatalogError(DocumentError):
    """The catalog is refused."""


class MappingError(DocumentError):
    """A mapping is refused."""


class TooManySeries(KpiError):
    """The catalog's gauges may have more series than KPI_SERIES_LIMIT."""


class SettingsError(KpiError):
    """A KPI_... setting is missing or wrong."""


class BadParameter(KpiError):
    """A question that cannot mean what it says; `known` is what `parameter` may be."""

    def __init__(self, message: str, parameter: str, known: Sequence[str]) -> None:
        self.message = message
        self.parameter = parameter
        self.known = known
        super().__init__(f"{message}; known: {', '.join(known) or 'none'}")


class UnknownReading(BadParameter):
    """There is no such KPI, series, window or slice; `known` is what there is instead."""


class Busy(KpiError):
    """The board serves as many as it can already."""


class MissingPart(KpiError):
    """A program or package that this command needs is not installed; the text says how to get it."""


class StartError(KpiError):
    """A child process did not come up; the text ends with the tail of its log."""


class Unreachable(KpiError):
    """Kafka or Redis does not answer."""


class Stalled(KpiError):
    """Partitions do not move, or have nobody; another start of the worker is what helps."""


class Held(KpiError):
    """A partition must not be processed; `reason` is a short code for metrics, the text is for people."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)
