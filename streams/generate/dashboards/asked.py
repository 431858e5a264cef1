"""Every query of the dashboards as Prometheus gets it, with the variables filled in: to try them all."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["range", "instant", "variable", "annotation"]

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(__rate_interval)")
_RESULT: Final = re.compile(r"query_result\((.*)\)|label_values\((.*), \w+\)")
_RATE: Final = "1m"
"""Four scrapes, as Grafana would take it at least."""


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and where it stands. `place` is a panel's title, or a variable's or annotation's name."""

    dashboard: str
    place: str
    kind: Kind
    expr: str


def queries_of(name: str, board: Mapping[str, Any], chosen: Mapping[str, str]) -> Iterator[Query]:
    """Of one dashboard, as JSON."""
    for panel in _panels(board):
        for target in panel.get("targets", ()):
            kind: Kind = "instant" if target["instant"] else "range"
            yield Query(name, filled(panel["title"], chosen), kind, filled(target["expr"], chosen))
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Query(name, variable["name"], "variable", filled(_result(variable["query"]), chosen))
    for annotation in board["annotations"]["list"]:
        yield Query(name, annotation["name"], "annotation", annotation["expr"])


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """KeyError for a variable that the dashboard does not have."""
    known = {**chosen, "__rate_interval": _RATE}
    return _VARIABLE.sub(lambda found: known[found[1] or found[2]], text)


def _panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _result(query: str) -> str:
    found = _RESULT.fullmatch(query)
    assert found is not None, query
    return found[1] or found[2]
