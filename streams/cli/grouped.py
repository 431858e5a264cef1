"""Options that belong together, written once for all commands that have them."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter
from typing import Any

Command = Callable[..., None]


def grouped(**groups: Callable[..., Any]) -> Callable[[Command], Command]:
    """A command whose parameters of these names are made by these functions, of options: their parameters."""

    def with_groups(command: Command) -> Command:
        options = {name: list(_parameters(make)) for name, make in groups.items()}

        @wraps(command)
        def run(**given: Any) -> None:
            made = {
                name: make(**{option.name: given.pop(option.name) for option in options[name]})
                for name, make in groups.items()
            }
            command(**given, **made)

        flat = [one for own in _parameters(command) for one in options.get(own.name, [own])]
        run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {}
        return run

    return with_groups


def _parameters(function: Callable[..., Any]) -> Iterator[Parameter]:
    """By name only, so that those with and without a default may stand in any order."""
    for one in inspect.signature(function, eval_str=True).parameters.values():
        yield one.replace(kind=Parameter.KEYWORD_ONLY)
