"""What is told of HubSpot: which stages and values mean what, and which properties are dimensions."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.intake.fields import Dimensions, FieldName, Origin, Said, field_of
from schemas.words import CurrencyCode, Model

Value = Said
"""A property's internal value, such as `closedwon` or `4711`; case does not count."""
PropertyName = FieldName
"""A property's internal name, such as `hs_analytics_source`."""

Meaning = Literal[
    "mql", "sql", "accepted", "contacted", "disqualified", "converted", "activated", "churned"
]  # fmt: skip
"""What a contact's property can say of it as a lead or, the last two, as a customer."""


class HubSpotObject(Model):
    """What is told of every kind of object."""

    dimensions: Dimensions = {}
    """By properties, such as `hs_analytics_source`."""

    @cached_property
    def told_by(self) -> Mapping[PropertyName, Dimensions]:
        """Property, in small letters -> the dimensions that it tells."""
        found: dict[PropertyName, Dimensions] = {}
        for name, source in self.dimensions.items():
            found.setdefault(field_of(source).strip().casefold(), {})[name] = source
        return found


class HubSpotContact(HubSpotObject):
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
    dimensions: Dimensions = {"channel": "hs_analytics_source"}


class HubSpotDeal(HubSpotObject):
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
    dimensions: Dimensions = {"channel": "hs_analytics_source"}

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        both = {stage.casefold() for stage in self.won} & {stage.casefold() for stage in self.lost}
        for stage in sorted(both):
            text = "{stage} stands under `won` and under `lost`: leave it in one of them"
            raise PydanticCustomError("stages", text, {"stage": stage})
        return self


class HubSpotTicket(HubSpotObject):
    resolved: list[Value] = ["4"]
    """Stages, of all pipelines, that mean resolved; every other one is open."""
    dimensions: Dimensions = {"channel": "source_type"}


class HubSpot(Model):
    currency: CurrencyCode = "USD"
    """Of deals' amounts: HubSpot does not tell it with them."""
    contact: HubSpotContact = HubSpotContact()
    deal: HubSpotDeal = HubSpotDeal()
    ticket: HubSpotTicket = HubSpotTicket()
