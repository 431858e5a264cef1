"""Selling: leads, deals, and who referred whom."""

from typing import Literal

from schemas.events.base import Actor, Amount, Currency, Data, Direction, Id, Text

# -- Leads ------------------------------------------------------------------------------------------------


class Lead(Data):
    OWN_ID = "lead_id"

    lead_id: Id
    customer_id: Id


class LeadCreated(Lead):
    TYPE = "crm.lead.created"

    origin: Literal["inbound", "outbound", "referral", "event", "partner", "other"] | None = None
    owner_id: Id | None = None
    referrer_customer_id: Id | None = None


class LeadAssigned(Lead):
    TYPE = "crm.lead.assigned"

    owner_id: Id


class LeadContacted(Lead):
    TYPE = "crm.lead.contacted"

    actor_kind: Actor
    direction: Direction | None = None


class LeadQualified(Lead):
    TYPE = "crm.lead.qualified"

    stage: Literal["mql", "sql", "accepted"]
    definition_version: Text | None = None


class LeadDisqualified(Lead):
    TYPE = "crm.lead.disqualified"

    reason: Text


class LeadConverted(Lead):
    TYPE = "crm.lead.converted"

    deal_id: Id | None = None


# -- Deals ------------------------------------------------------------------------------------------------


class Deal(Data):
    OWN_ID = "deal_id"

    deal_id: Id
    customer_id: Id


class DealCreated(Deal):
    TYPE = "crm.deal.created"

    lead_id: Id | None = None
    stage: Text | None = None
    amount_minor: Amount | None = None
    currency: Currency | None = None
    owner_id: Id | None = None


class DealStageChanged(Deal):
    TYPE = "crm.deal.stage_changed"

    to_stage: Text
    from_stage: Text | None = None
    amount_minor: Amount | None = None
    currency: Currency | None = None


class DealWon(Deal):
    TYPE = "crm.deal.won"

    amount_minor: Amount
    currency: Currency
    is_new_customer: bool | None = None
    lead_id: Id | None = None


class DealLost(Deal):
    TYPE = "crm.deal.lost"

    reason: Text | None = None
    amount_minor: Amount | None = None
    currency: Currency | None = None


# -- Referrals --------------------------------------------------------------------------------------------


class ReferralMade(Data):
    """Keyed by the referrer, who is its customer; the lead has a key of its own."""

    TYPE = "crm.referral.made"
    OWN_ID = "referral_id"

    referral_id: Id
    customer_id: Id
    lead_id: Id
