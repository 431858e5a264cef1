"""What is chosen above a dashboard, and what a KPI shows that does not have what was chosen.

Not every KPI has every window. A panel without a value would look as if nothing had happened; so each set of
windows has a hidden variable beside the chosen one, with the nearest of the set as its value. Prometheus
computes it: a query of a variable may be any expression, also one without a series in it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, groupby
from typing import Final, get_args

from grafana_foundation_sdk.builders.dashboard import CustomVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from schemas.words import Window
from streams import naming
from streams.engine.windows import nearest_window
from streams.generate.dashboards.source import SOURCE
from streams.generate.promql import selector

WINDOWS: Final[Sequence[str]] = get_args(Window)
_USUAL: Final = ("7d", "24h", "30d", "1h")
"""What is shown at first, in this order: long enough to be steady, short enough to move."""
_NEARLY_ALL: Final = 0.8
Nearest = Callable[[str, Sequence[str]], str]
"""(what was chosen, what there is instead) -> what is shown."""


@dataclass(slots=True)
class Choice:
    """One variable, and its hidden companions."""

    name: str
    options: Sequence[str]
    default: str
    nearest: Nearest
    prefix: str
    """Of the companions' names."""
    _companions: dict[tuple[str, ...], str] = field(default_factory=dict)

    def of(self, declared: Sequence[str]) -> str:
        """What stands for it in queries and titles of something that has only what is `declared`."""
        if len(declared) == 1:
            return declared[0]
        if set(self.options) <= set(declared):
            return f"${{{self.name}}}"
        return f"${{{self._companions.setdefault(tuple(declared), self._companion(declared))}}}"

    def _companion(self, declared: Sequence[str]) -> str:
        """window_30d_ytd, or window_30d_ytd_2 where another set begins and ends so."""
        name = f"{self.prefix}_{declared[0]}_{declared[-1]}"
        names = chain([name], (f"{name}_{at}" for at in count(2)))
        return next(one for one in names if one not in self._companions.values())

    def chosen(self, value: str) -> dict[str, str]:
        """Name of each variable -> its value, when `value` is chosen."""
        given = {name: self._given(value, declared) for declared, name in self._companions.items()}
        return {self.name: value, **given}

    def _given(self, value: str, declared: Sequence[str]) -> str:
        return value if value in declared else self.nearest(value, declared)

    def visible(self, title: str) -> VariableModel:
        """The one that is chosen from."""
        variable = CustomVariable(self.name).label(title).values(",".join(self.options)).build()
        variable.current = _option(self.default)
        variable.options = [_option(one, one == self.default) for one in self.options]
        variable.allow_custom_value = False
        return variable

    def companions(self) -> list[VariableModel]:
        """The hidden ones, as far as they have been asked for."""
        return [self._hidden(name, declared) for declared, name in self._companions.items()]

    def _hidden(self, name: str, declared: Sequence[str]) -> VariableModel:
        query = QueryVariable(name).query(f"query_result({self._expr(declared)})")
        variable = query.regex(f'/{self.name}="([^"]*)"/').datasource(SOURCE).build()
        variable.current = _option(self._given(self.default, declared))
        variable.refresh = VariableRefresh.ON_DASHBOARD_LOAD
        variable.hide = VariableHide.HIDE_VARIABLE
        variable.skip_url_sync = True
        return variable

    def _expr(self, declared: Sequence[str]) -> str:
        """A series whose label is the chosen one, put in the place of what this set does not have."""
        label = self.name
        expr = f'label_replace(vector(1), "{label}", "${{{self.name}}}", "", "")'
        for given, asked in _instead(self.options, declared, self.nearest).items():
            expr = f'label_replace({expr}, "{label}", "{given}", "{label}", "{"|".join(asked)}")'
        return expr


def _instead(options: Iterable[str], declared: Sequence[str], nearest: Nearest) -> Mapping[str, list[str]]:
    """What is shown -> the options instead of which it is."""
    pairs = sorted((nearest(one, declared), one) for one in options if one not in declared)
    return {given: [one for _, one in asked] for given, asked in groupby(pairs, key=lambda pair: pair[0])}


def window_choice(declared: Iterable[Sequence[str]]) -> Choice:
    """Of all windows but `now`, which levels show whatever is chosen."""
    known = [windows for windows in declared if tuple(windows) != (naming.NOW,)]
    every = {window for windows in known for window in windows} - {naming.NOW}
    options = [window for window in WINDOWS if window in every]
    return Choice("window", options, _usual(options, known), nearest_window, "window")


def _usual(options: Sequence[str], known: Sequence[Sequence[str]]) -> str:
    """One that nearly all have, or else that most have; "" where there is none."""
    having = {window: sum(window in windows for windows in known) for window in options}
    enough = (one for one in _USUAL if having.get(one, 0) >= _NEARLY_ALL * len(known))
    return next(enough, max(options, key=having.__getitem__, default=""))


def dimension_choice(declared: Iterable[Sequence[str]]) -> Choice:
    """The whole, or a dimension. Its companions are what tables list the members of: never the whole."""
    every = dict.fromkeys(name for names in declared for name in names)
    return Choice("dimension", [naming.ALL, *every], naming.ALL, lambda _, declared: declared[0], "by")


def _member_choice() -> VariableModel:
    """The members of the dimension that was chosen."""
    of = selector(naming.NUMERATOR, {"dimension": "${dimension}"})
    variable = QueryVariable("member").label("Member").query(f"label_values({of}, member)").build()
    variable.datasource = SOURCE
    variable.current = _option(naming.ALL)
    variable.refresh = VariableRefresh.ON_DASHBOARD_LOAD
    variable.sort = VariableSort.ALPHABETICAL_ASC
    return variable


class Choices:
    """All that is chosen on a dashboard: a window and a slice, of those that its KPIs have."""

    def __init__(self, windows: Iterable[Sequence[str]], dimensions: Iterable[Sequence[str]]) -> None:
        self.windows = window_choice(windows)
        self.dimensions = dimension_choice(dimensions)

    @property
    def sliced(self) -> bool:
        """Whether there is anything to slice by."""
        return len(self.dimensions.options) > 1

    @property
    def slice(self) -> dict[str, str]:
        """Labels of the slice that was chosen."""
        if self.sliced:
            return {"dimension": "${dimension}", "member": "${member}"}
        return {"dimension": naming.ALL, "member": naming.ALL}

    def variables(self) -> list[VariableModel]:
        """After all panels were made, for these ask for the hidden ones."""
        windows = [self.windows.visible("Window")] if self.windows.options else []
        slices = [self.dimensions.visible("Slice by"), _member_choice()] if self.sliced else []
        return [*windows, *slices, *self.windows.companions(), *self.dimensions.companions()]

    def chosen(self, window: str, dimension: str = naming.ALL, member: str = naming.ALL) -> dict[str, str]:
        """Name of each variable -> its value, when these are chosen."""
        slice_ = {"member": member, **self.dimensions.chosen(dimension)}
        return {**self.windows.chosen(window), **slice_}


def _option(value: str, selected: bool = True) -> VariableOption:
    return VariableOption(selected=selected, text=value, value=value)
