"""The mapping in force: the file that KPI_INTAKE_MAPPING names, or the shipped one."""

from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Final

from schemas.intake import Intake, parse
from schemas.words import nearest
from streams.engine.plan import Plan
from streams.errors import MappingError, SettingsError
from streams.settings import Settings


def mapping_text(settings: Settings) -> tuple[str, str]:
    """(text, name); SettingsError when the file cannot be read."""
    if settings.intake_mapping is None:
        return resources.files("schemas").joinpath("intake.yaml").read_text(encoding="utf-8"), "intake.yaml"
    path = settings.intake_mapping
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def read_mapping(text: str, source: str) -> Intake:
    """Parse and check the mapping text of `source`; MappingError lists what is wrong with it."""
    parsed = parse(text)
    if parsed.intake is None:
        raise MappingError(source, parsed.problems)
    return parsed.intake


def mapping_notes(mapping: Intake, plan: Plan) -> list[str]:
    """What it names and the catalog does not have: a sentence each. No fault: a catalog may want less."""
    stages = plan.catalog.subjects[_DEAL].stages if _DEAL in plan.catalog.subjects else {}
    return [
        *_unknown("dimension", named_dimensions(mapping), plan.catalog.told),
        *_unknown("stage of deals", named_stages(mapping), stages),
    ]


_DEAL: Final = "deal"
Named = Iterator[tuple[str, Iterable[str]]]
"""Paths of the mapping, and what is named there."""


def named_dimensions(mapping: Intake) -> Named:
    hubspot, salesforce, stripe = mapping.hubspot, mapping.salesforce, mapping.stripe
    yield "hubspot.contact.dimensions", hubspot.contact.dimensions
    yield "hubspot.deal.dimensions", hubspot.deal.dimensions
    yield "hubspot.ticket.dimensions", hubspot.ticket.dimensions
    yield "salesforce.lead.dimensions", salesforce.lead.dimensions
    yield "salesforce.opportunity.dimensions", salesforce.opportunity.dimensions
    yield "salesforce.case.dimensions", salesforce.case.dimensions
    yield "zendesk.dimensions", mapping.zendesk.dimensions
    yield "stripe.subscription.dimensions", stripe.subscription.dimensions
    yield "stripe.invoice.dimensions", stripe.invoice.dimensions
    yield "stripe.refund.dimensions", stripe.refund.dimensions


def named_stages(mapping: Intake) -> Named:
    yield "hubspot.deal.stages", mapping.hubspot.deal.stages.values()
    yield "salesforce.opportunity.stages", mapping.salesforce.opportunity.stages.values()


def _unknown(what: str, named: Named, known: Iterable[str]) -> Iterator[str]:
    there = list(known)
    for path, names in named:
        for name in dict.fromkeys(names):
            if name not in there:
                yield f"{path}: the catalog has no {what} {name!r}{nearest(name, there)}"
