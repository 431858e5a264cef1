"""What is told of Salesforce: which statuses and stages mean what, and which fields are whose."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.intake.fields import Dimensions, FieldName, Origin
from schemas.words import CurrencyCode, Model

Picked = Annotated[str, Field(min_length=1, max_length=200)]
"""A value of a picklist, such as a status; case does not count."""


class SalesforceEntity(Model):
    """What is told of every kind of record."""

    customer: FieldName | None = None
    """The field that names the customer; it must be among the channel's enriched fields, always there, and
    never change: it is the key of the record's events. Without it each record is its own relationship."""
    dimensions: Dimensions = {}
    """By API names, such as `LeadSource`, `Segment__c` or, inside a compound field, `Address.Country`."""
    enriched: list[FieldName] = []
    """More of the channel's enriched fields: those may be read although they did not change."""


class SalesforceLead(SalesforceEntity):
    dimensions: Dimensions = {"channel": "LeadSource"}
    origins: dict[Picked, Origin] = {
        "Web": "inbound",
        "Phone Inquiry": "inbound",
        "Advertisement": "inbound",
        "Purchased List": "outbound",
        "Employee Referral": "referral",
        "External Referral": "referral",
        "Word of mouth": "referral",
        "Trade Show": "event",
        "Partner": "partner",
        "Partner Referral": "partner",
        "Other": "other",
    }
    """LeadSource -> the lead's origin."""
    contacted: list[Picked] = ["Working - Contacted"]
    """Statuses that say: a person of ours has spoken to the lead."""
    qualified: dict[Picked, Literal["mql", "sql", "accepted"]] = {"Qualified": "sql"}
    """Status -> how far the lead is qualified."""
    disqualified: list[Picked] = ["Closed - Not Converted", "Unqualified"]
    """Statuses that say: no lead. The status is the reason."""


class SalesforceOpportunity(SalesforceEntity):
    dimensions: Dimensions = {"channel": "LeadSource"}
    stages: dict[Picked, Picked] = {
        "Qualification": "qualified",
        "Needs Analysis": "meeting",
        "Value Proposition": "meeting",
        "Id. Decision Makers": "meeting",
        "Perception Analysis": "meeting",
        "Proposal/Price Quote": "proposal",
        "Negotiation/Review": "negotiation",
    }
    """StageName -> stage of the catalog; a name that is not here stays as it is."""
    won: list[Picked] = ["Closed Won"]
    """Stages that mean won, whatever IsWon says; of others IsWon and IsClosed decide."""
    lost: list[Picked] = ["Closed Lost"]
    activates: bool = False
    """Whether a won deal makes its customer one (crm.customer.activated); `customer` must be set."""
    lost_reason: FieldName | None = None
    """The picklist that says why; never free text."""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        both = {stage.casefold() for stage in self.won} & {stage.casefold() for stage in self.lost}
        if both:
            text = "{stage} stands under `won` and under `lost`: leave it in one of them"
            raise PydanticCustomError("stages", text, {"stage": min(both)})
        return self

    @model_validator(mode="after")
    def _activates_somebody(self) -> Self:
        if self.activates and self.customer is None:
            text = "`activates` needs `customer`: the field that names whom a won deal makes a customer"
            raise PydanticCustomError("activates", text)
        return self


class SalesforceCase(SalesforceEntity):
    dimensions: Dimensions = {"channel": "Origin"}
    resolved: list[Picked] = ["Closed"]
    """Statuses that mean resolved, beside IsClosed; every other one is open."""
    topic: FieldName | None = "Type"


class Salesforce(Model):
    currency: CurrencyCode = "USD"
    """Of amounts, where no CurrencyIsoCode is told: an org with a single currency has no such field."""
    lead: SalesforceLead = SalesforceLead()
    opportunity: SalesforceOpportunity = SalesforceOpportunity()
    case: SalesforceCase = SalesforceCase()
