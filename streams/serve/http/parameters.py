"""Parameters of questions: what each may be, said once for those who ask and for the OpenAPI document."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from schemas.words import nearest
from streams.engine.plan import Plan
from streams.errors import BadParameter
from streams.human import own_labels
from streams.serve.choosing import known_dimensions, known_windows

Asked = Mapping[str, Sequence[str]]
"""Parameter -> its values, as they were given; without those that were left out."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a question. Without `known`, `pattern` and `between` it may be any text."""

    name: str
    text: str
    """What it means, for people."""
    known: Sequence[str] | None = None
    many: bool = False
    """Whether it may stand there several times: any of its values will do then."""
    required: bool = False
    pattern: str | None = None
    between: tuple[int, int] | None = None
    """A whole number, these two among them."""
    examples: Sequence[str] = ()

    def check(self, value: str) -> None:
        """BadParameter for a value that cannot be."""
        if self.known is not None and value not in self.known:
            text = f"unknown {self.name} {value!r}{_meant(value, self.known)}"
            raise BadParameter(text, self.name, self.known)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise BadParameter(f"{value!r} is no {self.name}", self.name, self.examples)
        if self.between is not None and not _is_between(value, *self.between):
            least, most = map(str, self.between)
            raise BadParameter(
                f"{value!r} is no number from {least} to {most}", self.name, [least, "..", most]
            )


def _is_between(text: str, least: int, most: int) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,9}", text)) and least <= int(text) <= most


def _meant(value: str, known: Sequence[str]) -> str:
    """The known value that was probably meant; all of them stand beside it in any case."""
    said = nearest(value, known)
    return said if said.startswith("; did") else ""


def asked(query: Iterable[tuple[str, str]], parameters: Sequence[Parameter]) -> Asked:
    """What a query asks for; BadParameter for what it cannot mean."""
    by_name = {parameter.name: parameter for parameter in parameters}
    found: dict[str, list[str]] = {}
    for name, value in query:
        if name not in by_name:
            raise BadParameter(
                f"unknown parameter {name!r}{_meant(name, list(by_name))}", name, list(by_name)
            )
        if name in found and not by_name[name].many:
            raise BadParameter(f"{name!r} stands there twice", name, by_name[name].known or [])
        by_name[name].check(value)
        found.setdefault(name, []).append(value)
    for parameter in parameters:
        if parameter.required and parameter.name not in found:
            raise BadParameter(f"{parameter.name!r} is missing", parameter.name, parameter.known or [])
    return found


PARAMETERS: Final[web.AppKey[Mapping[str, Sequence[Parameter]]]] = web.AppKey("parameters")
"""Path of a route -> the parameters of its query."""


def question(request: web.Request) -> Asked:
    """What a request asks for; BadParameter for what it cannot mean."""
    resource = request.match_info.route.resource
    known = request.app[PARAMETERS][resource.canonical] if resource else ()
    return asked(request.query.items(), known)


def one(asked: Asked, name: str) -> str:
    """The value of a parameter that stands there once at most; empty where it was left out."""
    return next(iter(asked.get(name, ())), "")


# -- Parameters that several questions have ---------------------------------------------------------------


def kpi(plan: Plan, *, many: bool = True, required: bool = False) -> Parameter:
    text = "KPI, by its name in the catalog."
    return Parameter("kpi", text, list(plan.catalog.kpis), many=many, required=required)


def window(plan: Plan, *, many: bool = True) -> Parameter:
    text = "Window; `now` of what is true at the moment."
    return Parameter("window", text, known_windows(plan), many=many)


def dimension(plan: Plan, *, many: bool = True) -> Parameter:
    text = "What numbers are sliced by; `all` of the whole."
    return Parameter("dimension", text, known_dimensions(plan), many=many)


def member(*, many: bool = True) -> Parameter:
    return Parameter("member", "Member of a dimension; `all` of the whole.", many=many)


def gauge(plan: Plan, *, many: bool = True) -> Parameter:
    gauges = list(dict.fromkeys(series.gauge for series in plan.series))
    return Parameter("gauge", "Gauge of the series.", gauges, many=many)


def first() -> Parameter:
    return Parameter("series", "`first`: of each KPI only the series that stands for it.", ["first"])


def nearest_one() -> Parameter:
    text = "`1`, with one window: a series that lacks it gives the window nearest to it in length."
    return Parameter("nearest", text, ["1"])


def judged() -> Parameter:
    text = "`1`: beside what is asked for, the series that alerts judge, in the windows of the alerts."
    return Parameter("judged", text, ["1"])


def labels(plan: Plan, taken: Collection[str]) -> list[Parameter]:
    """KPIs' own labels, such as `quantile`; without those that are called as another parameter is."""
    values: dict[str, list[str]] = {}
    for series in plan.series:
        for name, value in series.labels.items():
            known = values.setdefault(name, [])
            known += [value] * (value not in known)
    return [
        Parameter(name, "Label of the series.", values[name])
        for name in own_labels(values)
        if name not in taken
    ]
