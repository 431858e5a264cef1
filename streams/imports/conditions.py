"""The conditions of a mapping (`when`) to SQL: the catalog's expression language, over the cells of a row.

A cell that is compared with a number is the number that it says, otherwise its text. An ordering of something
absent is neither yes nor no; a row of which no more is known has no event. So is one of a
text that is no number, but such a row is told: nobody wants to lose 1.200,50 to `amount > 0`.
"""

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from streams.engine.expressions import ExpressionError, parse
from streams.imports import sql
from streams.imports.mapping import named

UNDECIDED: Final = '{"when":{'
"""How the line of a row begins of which a condition cannot be said."""
NOTHING: Final = "CAST(NULL AS VARCHAR)"
Kind = Literal["text", "number", "truth", "nothing"]
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBERS: Final = (*_WHOLE, *(f"U{type_}" for type_ in _WHOLE), "FLOAT", "DOUBLE", "DECIMAL")
_EQUALITIES: Final = {ast.Eq: "IS NOT DISTINCT FROM", ast.NotEq: "IS DISTINCT FROM"}
_ORDERINGS: Final = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_EXTREMES: Final = {"min": "least", "max": "greatest"}


@dataclass(frozen=True, slots=True)
class _Term:
    """A piece of SQL, and what it gives."""

    sql: str
    kind: Kind
    column: str | None = None
    """Whose cell it is."""

    def number(self) -> str:
        """As a number; nothing, if it says none."""
        if self.kind == "text":
            return f"TRY_CAST({self.sql} AS DOUBLE)"
        return f"CAST({self.sql} AS DOUBLE)"

    def text(self) -> str:
        return self.sql if self.kind == "text" else f"CAST({self.sql} AS VARCHAR)"

    def truth(self) -> str:
        """A text is yes if it is not empty, a number if it is not 0."""
        if self.kind == "text":
            return f"coalesce({self.sql} <> '', false)"
        if self.kind == "number":
            return f"coalesce({self.sql} <> 0, false)"
        return "false" if self.kind == "nothing" else self.sql


@dataclass(frozen=True, slots=True)
class Chosen:
    """SQL of a condition."""

    holds: str
    """True or false of a row."""
    undecided: str
    """`{"when":{column:cell}}` of a row of which it cannot be said as a cell is no number; else nothing."""


def condition(when: str, columns: Mapping[str, str]) -> Chosen:
    """Which rows it chooses; `columns`: name -> DuckDB's type. ExpressionError."""
    expression, named_columns = named(when)
    terms = {name: _column(column, columns[column]) for name, column in named_columns.items()}
    translator = _Translator(when, terms)
    truth = translator.term(parse(expression)).truth()
    return Chosen(f"coalesce({truth}, false)", _undecided(truth, translator.numbers))


def _undecided(truth: str, numbers: Mapping[str, _Term]) -> str:
    cases = [
        f"WHEN {term.sql} IS NOT NULL AND {term.number()} IS NULL "
        f"THEN {sql.text(UNDECIDED + json.dumps(column, ensure_ascii=False) + ':')} "
        f"|| {sql.json_string(term.sql)} || '}}}}'"
        for column, term in numbers.items()
    ]
    return f"CASE WHEN ({truth}) IS NULL THEN CASE {' '.join(cases)} END END" if cases else NOTHING


def _column(column: str, type_: str) -> _Term:
    if type_ == "BOOLEAN":
        return _Term(sql.name(column), "truth")
    if type_.startswith(_NUMBERS):
        return _Term(sql.name(column), "number")
    return _Term(sql.as_text(sql.name(column), type_), "text", column)


class _Translator:
    """Turns the nodes of a syntax tree into terms; what is not listed is refused."""

    def __init__(self, text: str, terms: Mapping[str, _Term]) -> None:
        self._text = text
        self._terms = terms
        self.numbers: dict[str, _Term] = {}
        """Columns of texts that are to be numbers, or it is not known whether the condition holds."""

    def term(self, node: ast.expr) -> _Term:
        translate: _Translation | None = _NODES.get(type(node))
        if translate is None:
            raise ExpressionError(f"{type(node).__name__} is not allowed in {self._text!r}")
        return translate(self, node)

    def _number(self, term: _Term) -> str:
        if term.kind == "text" and term.column is not None:
            self.numbers[term.column] = term
        return term.number()

    def _name(self, node: ast.expr) -> _Term:
        return self._terms[ast.unparse(node)]

    def _constant(self, node: ast.Constant) -> _Term:
        value = node.value
        if value is None:
            return _Term("NULL", "nothing")
        if isinstance(value, bool):
            return _Term(str(value).lower(), "truth")
        if isinstance(value, int | float):
            return _Term(f"CAST({sql.text(repr(value))} AS DOUBLE)", "number")
        if isinstance(value, str):
            return _Term(sql.text(value), "text")
        raise ExpressionError(f"{value!r} is not allowed in {self._text!r}")

    def _logic(self, node: ast.BoolOp) -> _Term:
        word = " AND " if isinstance(node.op, ast.And) else " OR "
        return _Term(f"({word.join(self.term(value).truth() for value in node.values)})", "truth")

    def _unary(self, node: ast.UnaryOp) -> _Term:
        term = self.term(node.operand)
        if isinstance(node.op, ast.Not):
            return _Term(f"(NOT {term.truth()})", "truth")
        if isinstance(node.op, ast.USub):
            return _Term(f"(-{self._number(term)})", "number")
        raise ExpressionError(f"{type(node.op).__name__} is not allowed in {self._text!r}")

    def _arithmetic(self, node: ast.BinOp) -> _Term:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is None:
            raise ExpressionError(f"{type(node.op).__name__} is not allowed in {self._text!r}")
        left, right = (self._number(self.term(side)) for side in (node.left, node.right))
        return _Term(f"({left} {sign} {right})", "number")

    def _choice(self, node: ast.IfExp) -> _Term:
        test, yes, no = (self.term(part) for part in (node.test, node.body, node.orelse))
        kind = _common(yes, no)
        chosen = f"CASE WHEN {test.truth()} THEN {_as(yes, kind)} ELSE {_as(no, kind)} END"
        return _Term(f"({chosen})", kind)

    def _call(self, node: ast.Call) -> _Term:
        function = _EXTREMES.get(ast.unparse(node.func))
        if function is None or node.keywords or not node.args:
            raise ExpressionError(f"only min(..) and max(..) can be called in {self._text!r}")
        numbers = [self._number(self.term(argument)) for argument in node.args]
        known = " AND ".join(f"{number} IS NOT NULL" for number in numbers)
        return _Term(f"(CASE WHEN {known} THEN {function}({', '.join(numbers)}) END)", "number")

    # -- Comparing ----------------------------------------------------------------------------------------

    def _compare(self, node: ast.Compare) -> _Term:
        parts = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            parts.append(self._compared(left, operator, right))
            left = right
        return _Term(f"({' AND '.join(parts)})", "truth")

    def _compared(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        if isinstance(operator, ast.In | ast.NotIn):
            inside = self._inside(self.term(left), right)
            return inside if isinstance(operator, ast.In) else f"(NOT {inside})"
        if (word := _EQUALITIES.get(type(operator))) is not None:
            return _compared(self.term(left), word, self.term(right))
        if (sign := _ORDERINGS.get(type(operator))) is not None:
            return self._ordered(self.term(left), sign, self.term(right))
        raise ExpressionError(f"{type(operator).__name__} is not allowed in {self._text!r}")

    def _ordered(self, left: _Term, sign: str, right: _Term) -> str:
        if _common(left, right) == "number":
            return f"({self._number(left)} {sign} {self._number(right)})"
        return _compared(left, sign, right)

    def _inside(self, left: _Term, right: ast.expr) -> str:
        if isinstance(right, ast.Tuple | ast.List):
            equal = _EQUALITIES[ast.Eq]
            parts = [_compared(left, equal, self.term(element)) for element in right.elts]
            return f"({' OR '.join(parts) or 'false'})"
        return f"coalesce(contains({self.term(right).text()}, {left.text()}), false)"


def _common(left: _Term, right: _Term) -> Kind:
    """As what two terms are compared."""
    kinds = {left.kind, right.kind} - {"nothing"}
    if "number" in kinds:
        return "number"
    return "truth" if kinds == {"truth"} else "text"


def _as(term: _Term, kind: Kind) -> str:
    if term.kind == "nothing" or kind == "truth":
        return term.sql
    return term.number() if kind == "number" else term.text()


def _compared(left: _Term, word: str, right: _Term) -> str:
    kind = _common(left, right)
    return f"({_as(left, kind)} {word} {_as(right, kind)})"


_Translation = Callable[[_Translator, Any], _Term]
_NODES: Final[Mapping[type[ast.expr], _Translation]] = {
    ast.Name: _Translator._name,
    ast.Attribute: _Translator._name,
    ast.Constant: _Translator._constant,
    ast.BoolOp: _Translator._logic,
    ast.UnaryOp: _Translator._unary,
    ast.BinOp: _Translator._arithmetic,
    ast.IfExp: _Translator._choice,
    ast.Call: _Translator._call,
    ast.Compare: _Translator._compare,
}
