"""What is told of HubSpot: which stages and values mean what, and which properties are dimensions."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.words import CurrencyCode, Model, Name


def _written(value: object) -> object:
    """Ids of stages are numbers mostly, and YAML reads them as such."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Value = Annotated[str, BeforeValidator(_written), Field(min_length=1)]
"""A property's internal value, such as `closedwon` or `4711`; case does not count."""
PropertyName = str
"""A property's internal name, such as `hs_analytics_source`."""

Meaning = Literal[
    "mql", "sql", "accepted", "contacted", "disqualified", "converted", "activated", "churned"
]  # fmt: skip
"""What a contact's property can say of it as a lead or, the last two, as a customer."""


Origin = Literal["inbound", "outbound", "referral", "event", "partner", "other"]


class HubSpotContact(Model):
    origins: dict[Value, Origin] = {"FORM": "inbound", "IMPORT": "outbound"}
    """changeSource of a contact's creation -> the lead's origin; outbound: nobody awaits an answer."""
    means: dict[PropertyName, dict[Value, list[Meaning]]] = {
        "lifecyclestage": {
            "marketingqualifiedlead": ["mql"],
            "salesqualifiedlead": ["sql", "accepted"],
            "customer": ["converted", "activated"],
        },
        "hs_lead_status": {
            "ATTEMPTED_TO_CONTACT": ["contacted"],
            "CONNECTED": ["contacted"],
            "UNQUALIFIED": ["disqualified"],
        },
    }
    """Property -> value -> what it means that a contact has it."""
    owner: PropertyName | None = "hubspot_owner_id"
    """Whoever stands there is who the lead is assigned to."""
    dimensions: dict[PropertyName, Name] = {"hs_analytics_source": "channel"}
    """Property -> dimension of the catalog."""


class HubSpotDeal(Model):
    stages: dict[Value, str] = {
        "appointmentscheduled": "qualified",
        "qualifiedtobuy": "meeting",
        "presentationscheduled": "proposal",
        "decisionmakerboughtin": "negotiation",
        "contractsent": "negotiation",
    }
    """Id of a stage -> stage of the catalog; an id that is not here stays as it is."""
    won: list[Value] = ["closedwon"]
    """Stages, of all pipelines, that mean won."""
    lost: list[Value] = ["closedlost"]
    amount: PropertyName = "amount"
    """The property that holds the amount, in `currency`."""
    dimensions: dict[PropertyName, Name] = {"hs_analytics_source": "channel"}

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        both = {stage.casefold() for stage in self.won} & {stage.casefold() for stage in self.lost}
        for stage in sorted(both):
            text = "{stage} stands under `won` and under `lost`: leave it in one of them"
            raise PydanticCustomError("stages", text, {"stage": stage})
        return self


class HubSpotTicket(Model):
    resolved: list[Value] = ["4"]
    """Stages, of all pipelines, that mean resolved; every other one is open."""
    dimensions: dict[PropertyName, Name] = {"source_type": "channel"}


class HubSpot(Model):
    currency: CurrencyCode = "USD"
    """Of deals' amounts: HubSpot does not tell it with them."""
    contact: HubSpotContact = HubSpotContact()
    deal: HubSpotDeal = HubSpotDeal()
    ticket: HubSpotTicket = HubSpotTicket()
