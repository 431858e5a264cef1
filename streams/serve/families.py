"""Families of gauges in Prometheus' text format, for so many series that the client library takes seconds.

What many lines have in common is written once: labels are handed on as text.
"""

from collections.abc import Iterable


class Family:
    """A gauge with its series, to be written out."""

    __slots__ = ("_lines", "_name")

    def __init__(self, name: str, help_: str) -> None:
        self._name = name
        self._lines = [f"# HELP {name} {_escaped(help_)}\n# TYPE {name} gauge\n"]

    def add(self, labels: str, number: float | None) -> None:
        """A series with labels as `labels_text` gives them; none for what there is not."""
        if number is not None:
            self._lines.append(f"{self._name}{{{labels}}} {number!r}\n")

    def text(self) -> str:
        return "".join(self._lines)


def labels_text(labels: Iterable[tuple[str, str]]) -> str:
    """kpi="churn",window="30d"; values may be any text."""
    return ",".join([f'{name}="{_quoted(value)}"' for name, value in labels])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
