"""Campaigns: what became of each message to each recipient, and what they brought in."""

from typing import Literal

from schemas.events.base import Amount, Currency, Data, Id


class CampaignTouched(Data):
    """About one recipient of one campaign; all that is sent to a recipient has the recipient's key."""

    TYPE = "crm.campaign.touched"
    OWN_ID = "recipient_ref"

    campaign_id: Id
    recipient_ref: Id
    touch: Literal["delivered", "opened", "clicked", "unsubscribed", "complained", "bounced"]
    machine: bool | None = None
    """Opened or clicked by software that looks at mail before people do."""


class CampaignConverted(Data):
    TYPE = "crm.campaign.converted"
    OWN_ID = "conversion_id"

    campaign_id: Id
    conversion_id: Id
    amount_minor: Amount
    currency: Currency
    customer_id: Id | None = None
    recipient_ref: Id | None = None
