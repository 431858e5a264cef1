"""What a mapping wants of the catalog in force, and what of it the catalog does not have.

Of a vendor that may come in, what can never work is refused at the start: its events would be dead letters,
one by one, or count nowhere. Dimensions and stages as they are shipped are told: a catalog may want less.
Of a vendor whose secrets are not set, what somebody wrote otherwise than it is shipped is told.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from schemas.documents import Path
from schemas.intake import Intake
from schemas.words import Model, nearest
from streams.engine.money import Converter
from streams.engine.plan import Plan
from streams.errors import MappingError
from streams.intake.mapping import ReadMapping
from streams.intake.vendors import VENDORS
from streams.settings import Settings

Wants = Iterator[tuple[Path, str]]
"""Path in the mapping, and what the catalog lacks for it."""


def check_mapping(mapping: ReadMapping, plan: Plan, settings: Settings) -> list[str]:
    """What to tell, a sentence each. MappingError lists what is refused."""
    is_open = {vendor.name for vendor in VENDORS if settings.secrets(vendor.setting)}
    shipped = Intake(version=1)
    proposed = {*unknown(shipped, plan)}
    untold = {*proposed, *unusable(shipped, plan)}
    refused, told = [], []
    for want in (*unknown(mapping.intake, plan), *unusable(mapping.intake, plan)):
        problem = mapping.lines.problem(*want)
        if want[0][0] in is_open and want not in proposed:
            refused.append(problem)
        elif want[0][0] in is_open or want not in untold:
            told.append(str(problem))
    if refused:
        raise MappingError(mapping.source, refused)
    return told


def unknown(mapping: Model, plan: Plan) -> Wants:
    """Dimensions and stages that the catalog does not have: nothing is counted by them."""
    for path, sources in named(mapping, "dimensions"):
        yield from _unknown("dimension", path, {name: name for name in sources}, plan.catalog.told)
    for path, stages in named(mapping, "stages"):
        if known := _deal_stages(plan):
            yield from _unknown("stage of deals", path, stages, known)


def unusable(mapping: Model, plan: Plan) -> Wants:
    """Currencies and event types that the catalog does not have: events with them are refused."""
    converter = Converter(plan.catalog.currency)
    for path, currency in named(mapping, "currency"):
        if message := converter.no_rate(currency):
            yield path, message
    yield from _undeclared(mapping, plan)


def _deal_stages(plan: Plan) -> Collection[str]:
    """None where the catalog counts no deals by their stages: it may want less than vendors tell."""
    deals = plan.catalog.subjects.get("deal")
    return deals.stages if deals else ()


def named(model: Model, field: str, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of each field of this name, wherever it stands."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name == field:
            yield (*path, name), value
        elif isinstance(value, Model):
            yield from named(value, field, (*path, name))


def _unknown(what: str, path: Path, names: Mapping[str, str], known: Collection[str]) -> Wants:
    """Of a table: its keys, and the names that are wanted of the catalog."""
    for key, name in names.items():
        if name not in known:
            yield (*path, key), f"the catalog has no {what} {name!r}{nearest(name, known)}"


# -- Event types that only mappers make -------------------------------------------------------------------

_DESCRIBED: Final[Mapping[Path, str]] = {
    ("hubspot", "contact"): "lead",
    ("hubspot", "deal"): "deal",
    ("hubspot", "ticket"): "ticket",
    ("salesforce", "lead"): "lead",
    ("salesforce", "opportunity"): "deal",
    ("salesforce", "case"): "ticket",
}
"""What is told of a record apart from its steps: always a deal's amount, of others dimensions only."""


def _undeclared(mapping: Model, plan: Plan) -> Wants:
    for path, dimensions in named(mapping, "dimensions"):
        subject = _DESCRIBED.get(path[:-1])
        type_ = f"crm.x.{subject}.described"
        if subject and (dimensions or subject == "deal") and type_ not in plan.types:
            told = "amounts and dimensions" if subject == "deal" else "dimensions"
            yield (
                path[:-1],
                f"the catalog does not declare {type_}, by which {told} are told: copy it from the `events:`"
                " of the shipped catalog",
            )
