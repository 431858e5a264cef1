"""Small expressions of the catalog, such as `stage == 'mql'` or `then and not now`.

Only what is listed here can be said: no attribute, index or call but `min` and `max`. A field that is absent
satisfies no ordering (`score >= 9` is false without a score).
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.words import nearest

_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
    *(
        ast.BinOp,
        ast.Add,
        ast.Sub,
        ast.Mult,
        ast.Constant,
        ast.Tuple,
        ast.List,
        ast.Name,
        ast.Load,
        ast.IfExp,
    ),
)
_CALLS: Final = {"min": min, "max": max}
_PRODUCT: Final = "<product>"
"""No name that can be written."""


class ExpressionError(ValueError):
    """The expression says something that is not allowed or not known."""


def _product(a: Any, b: Any) -> Any:
    """a * b of numbers; a text times a number could fill the memory."""
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a * b
    raise TypeError("only numbers can be multiplied")


def parse(text: str) -> ast.expr:
    """The syntax tree of one expression; ExpressionError tells what is wrong with it."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"{text!r} is not an expression: {getattr(error, 'msg', error)}") from None


def names(text: str) -> list[str]:
    """The names in an expression, dotted ones (`answer.score`) as one, in order of appearance."""
    return list(dict.fromkeys(_dotted(node) for node in _name_nodes(parse(text))))


def compile_expression(text: str, arguments: str, known: Mapping[str, str]) -> Callable[..., Any]:
    """A function of `arguments` (as in `"data"` or `"then, now"`).

    `known` maps each name that may be used to the Python that reads it, such as `stage` to `data.stage`.
    """
    tree = ast.parse(f"lambda {arguments}: None", mode="eval")
    assert isinstance(tree.body, ast.Lambda)
    try:
        tree.body.body = _Translator(text, known).visit(parse(text))
        code = compile(ast.fix_missing_locations(tree), f"<{text}>", "eval")
    except RecursionError:
        raise ExpressionError(f"{text[:40]!r}.. is nested too deeply") from None
    function: Callable[..., Any] = eval(code, {"__builtins__": {}, **_CALLS, _PRODUCT: _product})
    return function


def compile_condition(text: str, argument: str, known: Mapping[str, str]) -> Callable[[Any], bool]:
    """Like `compile_expression` of one argument, as a yes or no; an ordering of something absent is a no."""
    expression = compile_expression(text, argument, known)

    def condition(value: Any) -> bool:
        try:
            return bool(expression(value))
        except (TypeError, ValueError, OverflowError):
            return False

    return condition


def _dotted(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _name_nodes(tree: ast.expr) -> list[ast.expr]:
    nodes: list[ast.expr] = []

    def visit(node: ast.AST) -> None:
        if _is_name(node) and getattr(node, "id", "") not in _CALLS:
            nodes.append(node)  # type: ignore[arg-type]  # _is_name says that it is an expression
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    try:
        visit(tree)
    except RecursionError:
        raise ExpressionError("nested too deeply") from None
    return nodes


def _is_name(node: ast.AST) -> bool:
    """A name, or one dotted once: `score`, `answer.score`."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name)
    return isinstance(node, ast.Name)


class _Translator(ast.NodeTransformer):
    """Replaces each known name by the Python that reads it and refuses all that is not listed."""

    def __init__(self, text: str, known: Mapping[str, str]) -> None:
        self._text = text
        self._known = known

    def visit(self, node: ast.AST) -> Any:
        if _is_name(node):
            return self._known_name(_dotted(node))  # type: ignore[arg-type]  # _is_name: an expression
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return _call_of(_PRODUCT, [self.visit(node.left), self.visit(node.right)])
        if not isinstance(node, _ALLOWED):
            raise ExpressionError(f"{type(node).__name__} is not allowed in {self._text!r}")
        return self.generic_visit(node)

    def _known_name(self, name: str) -> ast.expr:
        if name not in self._known:
            raise ExpressionError(f"unknown name {name!r} in {self._text!r}{nearest(name, self._known)}")
        return ast.parse(self._known[name], mode="eval").body

    def _call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name) or node.func.id not in _CALLS or node.keywords:
            raise ExpressionError(f"only min(..) and max(..) can be called in {self._text!r}")
        return _call_of(node.func.id, [self.visit(argument) for argument in node.args])


def _call_of(name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=arguments, keywords=[])
