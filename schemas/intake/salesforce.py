"""What is told of Salesforce: which statuses and stages mean what, and which fields are whose."""

from typing import Literal

from schemas.words import CurrencyCode, Model, Name

FieldName = str
"""API name of a field, such as `LeadSource`, `Segment__c` or, inside a compound field, `Address.Country`."""

Origin = Literal["inbound", "outbound", "referral", "event", "partner", "other"]


class SalesforceEntity(Model):
    """What is told of every kind of record."""

    customer: FieldName | None = None
    """The field that names the customer; it must be among the channel's enriched fields."""
    dimensions: dict[Name, FieldName] = {}
    """Dimension of the catalog -> field."""
    enriched: list[FieldName] = []
    """More of the channel's enriched fields: those may be read although they did not change."""


class SalesforceLead(SalesforceEntity):
    dimensions: dict[Name, FieldName] = {"channel": "LeadSource"}
    origins: dict[str, Origin] = {
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
    contacted: list[str] = ["Working - Contacted"]
    """Statuses that say: a person of ours has spoken to the lead."""
    qualified: dict[str, Literal["mql", "sql", "accepted"]] = {"Qualified": "sql"}
    """Status -> how far the lead is qualified."""
    disqualified: list[str] = ["Closed - Not Converted", "Unqualified"]
    """Statuses that say: no lead. The status is the reason."""


class SalesforceOpportunity(SalesforceEntity):
    dimensions: dict[Name, FieldName] = {"channel": "LeadSource"}
    stages: dict[str, str] = {
        "Qualification": "qualified",
        "Needs Analysis": "meeting",
        "Value Proposition": "meeting",
        "Id. Decision Makers": "meeting",
        "Perception Analysis": "meeting",
        "Proposal/Price Quote": "proposal",
        "Negotiation/Review": "negotiation",
    }
    """StageName -> stage of the catalog; a name that is not here stays as it is."""
    won: list[str] = ["Closed Won"]
    """Stages that mean won, whatever IsWon says; of others IsWon and IsClosed decide."""
    lost: list[str] = ["Closed Lost"]
    activates: bool = False
    """Whether a won deal makes its customer one (crm.customer.activated); `customer` must be set."""
    lost_reason: FieldName | None = None
    """The picklist that says why; never free text."""


class SalesforceCase(SalesforceEntity):
    dimensions: dict[Name, FieldName] = {"channel": "Origin"}
    resolved: list[str] = ["Closed"]
    """Statuses that mean resolved, beside IsClosed; every other one is open."""
    topic: FieldName | None = "Type"


class Salesforce(Model):
    currency: CurrencyCode = "USD"
    """Of amounts, where no CurrencyIsoCode is told: an org with a single currency has no such field."""
    lead: SalesforceLead = SalesforceLead()
    opportunity: SalesforceOpportunity = SalesforceOpportunity()
    case: SalesforceCase = SalesforceCase()
