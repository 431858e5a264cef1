"""The text of a first mapping: what a kind of rows becomes, with the columns that there are."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from keyword import iskeyword
from typing import Final

from streams.engine.event_types import AMOUNT_SUFFIX
from streams.engine.plan import Plan
from streams.imports import sql
from streams.imports.columns import Profile
from streams.imports.numbers import plainly
from streams.imports.proposals import (
    CUSTOMER_IDS,
    CUSTOMERS,
    DIMENSIONS,
    Kind,
    Step,
    find,
    state_column,
)

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_ /.-]*[A-Za-z0-9_]|[A-Za-z_]")
_YAML_WORDS: Final = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
ROW_NUMBER: Final = "row_number"
NO_TIME: Final = "2026-01-01T00:00:00Z"


def scalar(value: object) -> str:
    """A value as YAML in one line."""
    text = str(value)
    plain = isinstance(value, str) and _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS
    return text if plain else json.dumps(value, ensure_ascii=False)


class Draft:
    """A mapping of columns as rows of a kind."""

    def __init__(self, stem: str, columns: Sequence[Profile], kind: Kind, plan: Plan) -> None:
        self._stem = stem
        self._columns = [column for column in columns if _can_be_written(column.name)]
        self._kind = kind
        self._plan = plan
        self._state = state_column(self._columns, [step.states for step in kind.steps if step.states])
        self._id = self._id_column()
        self._opened = self._time(kind.steps[0])
        self._customer = find(CUSTOMER_IDS, self._columns, lambda column: column is not self._id)
        self._hashed = None if self._customer else find(CUSTOMERS, self._columns, self._can_be_customer)

    def _id_column(self) -> Profile | None:
        named = find(self._kind.ids, self._columns)
        usable = (column for column in self._columns if column.tells_apart and _may_be_id(column))
        return named or next(usable, None)

    def _can_be_customer(self, column: Profile) -> bool:
        return column.filled > 0 and column is not self._id and not column.is_time

    # -- Above the events ---------------------------------------------------------------------------------

    def head(self) -> Iterator[str]:
        source = re.sub(r"[^A-Za-z0-9_.-]+", "-", self._stem)
        yield "version: 1"
        yield f"source: {scalar(f'/import/{source}')}"
        yield "time_zone: UTC # TODO: of times that are written without a zone, such as Europe/Berlin"
        currency = self._plan.catalog.currency.report
        if any(name.endswith(AMOUNT_SUFFIX) for step in self._kind.steps for name in _fields(step)):
            yield f"currency: {currency} # TODO: of the amounts"

    def body(self) -> Iterator[str]:
        yield from self._rows()
        yield ""
        article = "an" if self._kind.name[0] in "aeiou" else "a"
        yield f"# TODO: is a row {article} {self._kind.name}? docs/importing.md has other events."
        if self._id is not None and self._id.different < self._id.filled:
            yield f"# TODO: a {self._id.name} stands in several rows: of which of them is an event made?"
        yield "events:"
        for step in self._kind.steps:
            yield from self._event(step)

    def _rows(self) -> Iterator[str]:
        """A query, where cells must be changed or added before they can be mapped."""
        plain = [column for column in self._columns if column.written != "plain"]
        if not plain and self._id and not self._hashed:
            return
        selected = ["*"]
        if plain:
            yield "# Amounts as plain numbers, with a point before the decimals and nothing else."
            changed = [f"{plainly(one.name, one.written)} AS {sql.name(one.name)}" for one in plain]
            selected = [f"* REPLACE ({', '.join(changed)})"]
        if self._id is None:
            selected.append(f"row_number() OVER () AS {ROW_NUMBER}")
        if self._hashed is not None:
            yield "# No names and no addresses in events: a hash tells them apart, too."
            cell = f"lower(trim({sql.name(self._hashed.name)}::VARCHAR))"
            selected.append(f"left(sha256(nullif({cell}, '')), 16) AS customer_key")
        yield "rows: |"
        yield "  SELECT"
        yield ",\n".join(f"    {one}" for one in selected)
        yield "  FROM input"

    # -- Events -------------------------------------------------------------------------------------------

    def _event(self, step: Step) -> Iterator[str]:
        time = self._time(step)
        when, remark = self._when(step, time)
        if step.states and when is None:
            yield f"  # TODO: no column says which rows are {step.type}."
            return
        yield f"  - type: {step.type}"
        if when:
            yield f"    when: {json.dumps(when, ensure_ascii=False)}{remark}"
        yield from self._time_lines(step, time)
        yield "    data:"
        for field, value in self._data(step):
            yield f"      {field}: {value}"

    def _time(self, step: Step) -> Profile | None:
        """The column of its time. An event that all rows are takes any; the others their own, or the last."""
        times = [column for column in self._columns if column.is_time]
        named = find(step.times, times)
        return named or (times[-1 if step.states else 0] if times else None)

    def _when(self, step: Step, time: Profile | None) -> tuple[str | None, str]:
        """The condition, None for all rows, and a comment on it."""
        meant = _meant(step.states, self._state)
        if self._state is not None and meant:
            others = [cell for cell in self._state.cells if cell not in meant]
            remark = f" # TODO: and not {', '.join(others)}?" if others else ""
            return _is_one_of(self._state.name, meant), one_line(remark)
        if time is not None and (self._is_own(step, time) if step.states else self._has_gaps(time)):
            return f"{_in_condition(time.name)} != None", ""
        return None, ""

    def _is_own(self, step: Step, time: Profile) -> bool:
        """Whether a column is of this step and no other: where it is filled, the step was taken."""
        alike = [other for other in self._kind.steps if find(other.times, [time])]
        return alike == [step] and time is not self._opened

    def _has_gaps(self, column: Profile) -> bool:
        return column.filled < max(one.filled for one in self._columns)

    def _time_lines(self, step: Step, time: Profile | None) -> Iterator[str]:
        if time is None:
            yield "    # TODO: no column looks like a time; which one says when it happened?"
            yield f"    time: {{constant: {json.dumps(NO_TIME)}}}"
            return
        if find(step.times, [time]) is None:
            yield f"    # TODO: is {time.name} when it happened?"
        if time.other_format:
            yield f"    # TODO: {time.format}, or {time.other_format}? Both fit every cell."
        format_ = f", format: {json.dumps(time.format)}" if time.format else ""
        yield f"    time: {{column: {scalar(time.name)}{format_}}}"

    # -- Data ---------------------------------------------------------------------------------------------

    def _data(self, step: Step) -> Iterator[tuple[str, str]]:
        model = self._plan.types[step.type]
        yield self._kind.id_field, self._id_value()
        if "customer_id" in model.model_fields:
            yield "customer_id", self._customer_value()
        for field in _fields(step):
            value = self._field(step, field)
            if value is not None:
                yield field, value
        for dimension, patterns in DIMENSIONS.items():
            members = self._plan.catalog.told.get(dimension)
            column = find(patterns, self._columns, lambda one: one.holds in ("a few words", "texts"))
            if members is not None and column is not None and column.different <= members.members:
                yield dimension, scalar(column.name)

    def _id_value(self) -> str:
        if self._id is None:
            return f'"row:{{{ROW_NUMBER}}}" # TODO: no column tells the rows apart'
        return scalar(self._id.name)

    def _customer_value(self) -> str:
        own = f'"{self._kind.name}:{{{self._id.name if self._id else ROW_NUMBER}}}"'
        if self._customer is not None:
            return self._or_own(scalar(self._customer.name), own, self._customer)
        if self._hashed is not None:
            return self._or_own('"customer:{customer_key}"', own, self._hashed)
        return f"{own} # TODO: no column says whose it is, so each is a relationship of its own"

    def _or_own(self, value: str, own: str, column: Profile) -> str:
        return f"{{first: [{value}, {own}]}}" if self._has_gaps(column) else value

    def _field(self, step: Step, field: str) -> str | None:
        column = find(step.fields.get(field, ()), self._columns, _fits(field))
        if column is None:
            constant = step.otherwise.get(field)
            return None if constant is None else f"{{constant: {scalar(constant)}}} # TODO: no column says it"
        if field.endswith(AMOUNT_SUFFIX):
            return f"{{column: {scalar(column.name)}, digits: {self._plan.catalog.currency.digits}}}"
        return scalar(column.name)


def _can_be_written(text: str) -> bool:
    """Whether a name can stand in a mapping as it is; of others a person must take care."""
    return text.isprintable() and not set(text) & set('{}"\\')


def _may_be_id(column: Profile) -> bool:
    return column.holds == "texts" or (column.holds == "numbers" and all(map(str.isdecimal, column.cells)))


def _fits(field: str) -> Callable[[Profile], bool]:
    """Whether a column may be this field."""
    if field in _NUMBERS:
        return lambda column: column.holds == "numbers"
    return lambda column: column.holds != "personal data"


_NUMBERS: Final = ("amount_minor", "score")


def _fields(step: Step) -> list[str]:
    return list(dict.fromkeys([*step.fields, *step.otherwise]))


_CALLED: Final = ("min", "max")
"""Names that mean something in a condition."""


def _in_condition(column: str) -> str:
    is_name = column.isascii() and column.isidentifier()
    return column if is_name and not iskeyword(column) and column not in _CALLED else f"{{{column}}}"


def _meant(states: str, column: Profile | None) -> list[str]:
    """The cells of a column of stages that mean a state."""
    if column is None or not states:
        return []
    cells = [cell for cell in column.cells if cell.isprintable() and not set(cell) >= _BOTH_QUOTES]
    return [cell for cell in cells if re.search(states, cell.lower())]


def _is_one_of(column: str, cells: Sequence[str]) -> str:
    if len(cells) == 1:
        return f"{_in_condition(column)} == {_quoted(cells[0])}"
    return f"{_in_condition(column)} in ({', '.join(map(_quoted, cells))})"


_BOTH_QUOTES: Final = frozenset("'\"")


def _quoted(cell: str) -> str:
    return f"'{cell}'" if "'" not in cell else f'"{cell}"'


def one_line(text: str) -> str:
    """A text that can stand in a comment."""
    return "".join(one if one.isprintable() else " " for one in text)
