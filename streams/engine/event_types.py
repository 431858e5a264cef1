"""The event types of a plan: those of the contract, and those that its catalog declares."""

from collections.abc import Collection
from functools import partial
from keyword import iskeyword
from typing import Final

from schemas.events import PERIOD, Data
from schemas.own_events import Choices, EventType, FieldKind, own_model
from schemas.words import nearest
from streams.engine.faults import PlanFault, located

AMOUNT_SUFFIX: Final = "_minor"
"""Fields whose names end so are amounts in the event's currency; they are kept in the reporting currency."""
CURRENCY: Final = "currency"
EVENT_TIME: Final = "time"
"""The field of a register that stands for the event's own time."""
_TEXTS: Final = ("text", "id")
_MEANINGS: Final = {
    EVENT_TIME: "names the event's own time",
    **dict.fromkeys(Data.model_fields, "is there already: every event may carry it"),
}


def own_type(name: str, declared: EventType, dimensions: Collection[str]) -> type[Data]:
    """The model of a catalog's own type; PlanFault for the first thing in it that cannot be."""
    _check_id(declared)
    for section in ("required", "optional"):
        for field, kind in getattr(declared, section).items():
            located(partial(_check_field, declared, field, kind, dimensions), section, field)
    for field in declared.optional:
        if field in declared.required:
            raise PlanFault("stands under `required` too; give it once", "optional", field)
    return own_model(name, declared)


def _check_id(declared: EventType) -> None:
    kind = declared.required.get(declared.id)
    if kind is None:
        raise PlanFault(
            f"{declared.id!r} is not a required field{nearest(declared.id, declared.required)}", "id"
        )
    if kind != "id":
        raise PlanFault("names what the event is about: write `id`", "required", declared.id)


def _check_field(
    declared: EventType, field: str, kind: FieldKind | Choices, dimensions: Collection[str]
) -> None:
    _check_name(field)
    is_text = kind in _TEXTS or not isinstance(kind, str)
    if field in dimensions and not is_text:
        raise PlanFault("is a dimension, so it holds a text: write `text`, or choose another name")
    if field == "customer_id" and kind != "id":
        raise PlanFault("is the record key: write `id`")
    if (field == CURRENCY) != (kind == CURRENCY):
        raise PlanFault("the one currency of an event is in its field `currency`, and nothing else is")
    if field.endswith(AMOUNT_SUFFIX) != (kind == "amount"):
        raise PlanFault(f"amounts, and only they, are in fields whose names end in {AMOUNT_SUFFIX}")
    if kind == "amount" and CURRENCY not in (*declared.required, *declared.optional):
        raise PlanFault("an amount has a currency: declare the field `currency: currency` beside it")
    if field in PERIOD:
        _check_period(declared, kind)
    if not isinstance(kind, str):
        _check_choices(kind)


def _check_name(field: str) -> None:
    if field in _MEANINGS:
        raise PlanFault(f"{_MEANINGS[field]}; leave it out, or choose another name")
    if iskeyword(field) or hasattr(Data, field):
        raise PlanFault(f"{field!r} cannot be the name of a field; choose another")


def _check_period(declared: EventType, kind: FieldKind | Choices) -> None:
    if kind != "date":
        raise PlanFault("is a day: write `date`")
    for other in PERIOD:
        if other not in (*declared.required, *declared.optional):
            raise PlanFault(f"a period has a first and a last day: declare `{other}: date` beside it")


def _check_choices(choices: Choices) -> None:
    if not choices:
        raise PlanFault("a list of all that it may hold is empty; write `text` for any text")
    for at, choice in enumerate(choices):
        if choice in choices[:at]:
            raise PlanFault(f"{choice!r} stands here twice", at)
