"""The mapping of webhooks: what a vendor's stages, statuses and fields mean here, as people write it in YAML.

What a file leaves out is as the models say; `schemas/intake.yaml` writes all of that out.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from schemas import documents
from schemas.documents import Lines, Problem
from schemas.intake.hubspot import HubSpot
from schemas.intake.salesforce import Salesforce
from schemas.intake.stripe import Stripe
from schemas.intake.zendesk import Zendesk
from schemas.words import Model

__all__ = ["HubSpot", "Intake", "Parsed", "Salesforce", "Stripe", "Zendesk", "parse"]


class Intake(Model):
    version: Literal[1]
    hubspot: HubSpot = HubSpot()
    salesforce: Salesforce = Salesforce()
    zendesk: Zendesk = Zendesk()
    stripe: Stripe = Stripe()


@dataclass(frozen=True, slots=True)
class Parsed:
    """`intake` is None when there are problems."""

    intake: Intake | None
    problems: list[Problem]
    lines: Lines


def parse(text: str) -> Parsed:
    """Read a mapping from YAML text; nothing is raised for a bad one."""
    document = documents.read(text)
    if document.problem is not None:
        return Parsed(None, [document.problem], document.lines)
    try:
        return Parsed(Intake.model_validate(document.content), [], document.lines)
    except ValidationError as error:
        return Parsed(None, list(documents.problems(document.lines, (), error)), document.lines)
