"""What is changed of an event before it is published again.

Its `source` and `id` stay: by them an event is known, and so publishing it twice is harmless. Only where the
original has none that can be used does a fix give one.
"""

import json
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from schemas.events import EVENT_TYPES, Event
from streams.errors import MissingPart, SettingsError
from streams.letters.letter import Letter

Document = dict[str, Any]
IDENTITY: Final = ("source", "id")
MAX_ID: Final = 200
"""Characters that each of these may have."""
_OF_DATA: Final = {
    name for model in EVENT_TYPES.values() for name in model.model_fields if name not in Event.model_fields
}


class CannotFix(ValueError):
    """This letter cannot be fixed so; the text says why."""


class Change(NamedTuple):
    """One step of a fix: it changes a document in place, or gives another."""

    text: str
    """As it was written, for messages."""
    apply: Callable[[Document, str], Document]
    """Takes the letter's id, too."""


@dataclass(frozen=True, slots=True)
class Fix:
    """The changes, one after the other; none publishes what there is, byte for byte."""

    changes: Sequence[Change] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def fixed(self, letter: Letter) -> bytes:
        """The event in structured mode, changed; CannotFix."""
        event = letter.event()
        if event is None:
            raise CannotFix("the original is no JSON object, so that nothing in it can be changed")
        before = {name: event.get(name) for name in IDENTITY}
        document = dict(event)
        for change in self.changes:
            document = change.apply(document, letter.id)
        _check_identity(before, document)
        try:
            return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        except ValueError as error:  # a number that JSON has not, half of a surrogate pair
            raise CannotFix(f"what the fix gives cannot be written as JSON: {error}") from None


def _check_identity(before: Mapping[str, object], document: Mapping[str, object]) -> None:
    for name, value in before.items():
        if is_usable(value) and document.get(name) != value:
            raise CannotFix(f"the fix changes the event's {name}, by which it is known; leave that as it is")


def is_usable(value: object) -> bool:
    """Whether an event can be known by this as its source or its id."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID


# -- What a person writes ---------------------------------------------------------------------------------


def setting(text: str) -> Change:
    """`data.currency=EUR`: a field, and a value that is JSON or else a text. SettingsError."""
    path, equals, written = text.partition("=")
    if not equals:
        raise SettingsError(f"--set {text}: write PATH=VALUE, such as data.currency=EUR")
    names, value = _names("--set", path), _value(written)

    def apply(document: Document, letter: str) -> Document:
        _parent(document, names, make=True)[names[-1]] = value
        return document

    return Change(f"--set {text}", apply)


def unsetting(path: str) -> Change:
    """`data.channel`: a field that is to go; one that is not there is no fault. SettingsError."""
    names = _names("--unset", path)

    def apply(document: Document, letter: str) -> Document:
        _parent(document, names, make=False).pop(names[-1], None)
        return document

    return Change(f"--unset {path}", apply)


def expression(text: str) -> Change:
    """An expression of jq that gives the event; `$letter` is the letter's id. SettingsError, MissingPart."""
    try:
        import jq  # type: ignore[import-not-found]  # a compiled module
    except ImportError as error:
        raise MissingPart("--jq needs the package jq: pip install 'crm-kpi-streams[tools]'") from error
    try:
        # The letter's id stands beside the event: arguments are fixed by compiling, which is slow.
        program = jq.compile(f".letter as $letter | .event | ({text}\n)")
        untouched = jq.compile(".event")
    except ValueError as error:
        raise SettingsError(f"--jq {text}: {error}") from None

    def apply(document: Document, letter: str) -> Document:
        given = json.dumps({"letter": letter, "event": document})
        try:
            results = program.input_text(given).all()
        except ValueError as error:
            raise CannotFix(f"--jq: {error}") from None
        if len(results) != 1 or not isinstance(results[0], dict):
            raise CannotFix(f"--jq gives {len(results)} values; it must give one, the event, an object")
        try:
            _check_numbers(document, untouched.input_text(given).first(), results[0])
        except RecursionError:
            raise CannotFix("--jq: the event is nested too deep") from None
        return dict(results[0])

    return Change(f"--jq {text}", apply)


def _check_numbers(before: Any, read: Any, after: Any, path: str = "") -> None:
    """CannotFix where a number is another only because jq has `read` it as one: beyond 2**53 it rounds."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() & after.keys():
            _check_numbers(before[name], read[name], after[name], f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list):
        for at, (one, of, other) in enumerate(zip(before, read, after, strict=False)):
            _check_numbers(one, of, other, f"{path}[{at}]")
    elif isinstance(before, int | float) and before != read and read == after:
        raise CannotFix(f"--jq: {path[1:]} is a number that jq cannot keep as it is; use --set")


def _names(option: str, path: str) -> list[str]:
    names = path.split(".")
    if not all(names):
        raise SettingsError(f"{option} {path}: write a path with dots, such as data.currency")
    if names[0] in _OF_DATA:
        raise SettingsError(f"{option} {path}: {names[0]} is a field of data; did you mean data.{path}?")
    return names


def _value(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written


def _parent(document: Document, names: Sequence[str], *, make: bool) -> MutableMapping[str, Any]:
    """The object that has the last name, made where it is not there; {} where it is not made."""
    here: Document = document
    for at, name in enumerate(names[:-1]):
        if make and here.get(name) is None:
            here[name] = {}
        here = here.get(name, {})
        if not isinstance(here, dict):
            raise CannotFix(f"{'.'.join(names[: at + 1])} is no object, so that it has no fields")
    return here
