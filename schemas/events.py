"""The event contract: CloudEvents 1.0 on Kafka, one model per event type.

`Event` is the envelope; `EVENT_TYPES` maps a type such as `crm.lead.created` to the model of its `data`.
Unknown fields are ignored, so that producers may add some. Amounts are whole minor units. The worker's
decoders are derived from these models (`streams.engine.decode`); nothing is declared twice.

    from schemas import events

    event = events.Event(
        id="evt-1", source="/my-crm", type="crm.lead.created", time=datetime.now(UTC),
        data=events.LeadCreated(lead_id="lead-1", customer_id="cust-1"),
    )
    producer.send("crm.events", key=event.key().encode(), value=event.to_json())
"""

import json
from datetime import date
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, get_args, get_origin

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas.dead_letter import Reason

MAX_AMOUNT = 10**15
MAX_PERIOD_DAYS = 800
YEARS = range(1900, 2200)
"""Years that a time or a period may lie in; what lies outside is a producer's mistake."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=200)]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Currency = Annotated[str, Field(min_length=3, max_length=3)]
Score = Annotated[int, Field(ge=-1000, le=1000)]
Revision = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Actor = Literal["human", "bot", "sequence"]


class Fault(NamedTuple):
    """A rule across several fields of `data` that does not hold; `reason` is a dead letter's reason code."""

    reason: Reason
    field: str
    message: str


class Data(BaseModel):
    """What every `data` may carry. Dimensions (channel, segment, ..) come from the catalog, as strings."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    TYPE: ClassVar[str]
    OWN_ID: ClassVar[str]
    """The field that names the subject; the record key when there is no customer."""

    revision: Revision | None = None

    @staticmethod
    def fault(data: Any) -> Fault | None:
        """A broken rule across fields. `data` is this model or the worker's struct with the same fields."""
        return None

    @model_validator(mode="after")
    def _no_fault(self) -> Self:
        fault = self.fault(self)
        if fault is not None:
            raise PydanticCustomError(
                "fault", "{message}", {"reason": fault.reason, "field": fault.field, "message": fault.message}
            )
        return self


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
    direction: Literal["inbound", "outbound"] | None = None


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


# -- Customers --------------------------------------------------------------------------------------------


class Customer(Data):
    OWN_ID = "customer_id"

    customer_id: Id


class CustomerActivated(Customer):
    TYPE = "crm.customer.activated"

    kind: Literal["new", "reactivated"] | None = None
    acquired_via: Text | None = None


class CustomerChurned(Customer):
    TYPE = "crm.customer.churned"

    churn_kind: Literal["voluntary", "involuntary", "unknown"]
    reason: Text | None = None


# -- Costs ------------------------------------------------------------------------------------------------


class CostRecorded(Data):
    TYPE = "crm.cost.recorded"
    OWN_ID = "cost_id"

    cost_id: Id
    category: Literal["marketing", "sales", "crm_software", "crm_people", "training", "other"]
    amount_minor: Amount
    currency: Currency
    period_start: date | None = None
    """First local day that the cost is for."""
    period_end: date | None = None
    """Last local day, inclusive. Without a period the whole cost falls on the day of `time`."""

    @staticmethod
    def fault(data: Any) -> Fault | None:
        start, end = data.period_start, data.period_end
        if start is None and end is None:
            return None
        if start is None or end is None:
            missing = "period_start" if start is None else "period_end"
            return Fault(
                "missing_field", missing, "period_start and period_end go together: give both or none"
            )
        if start.year not in YEARS or end.year not in YEARS:
            return Fault("bad_value", "period_start", f"the years of a period are {YEARS[0]} to {YEARS[-1]}")
        if end < start:
            return Fault("bad_value", "period_end", f"{end} is before period_start {start}")
        if (end - start).days >= MAX_PERIOD_DAYS:
            return Fault("bad_value", "period_end", f"a period is at most {MAX_PERIOD_DAYS} days long")
        return None


# -- Tickets ----------------------------------------------------------------------------------------------


class Ticket(Data):
    OWN_ID = "ticket_id"

    ticket_id: Id
    customer_id: Id


class TicketCreated(Ticket):
    TYPE = "crm.ticket.created"

    priority: Text | None = None
    topic: Text | None = None
    created_by: Literal["customer", "agent", "proactive"] | None = None


class TicketReplied(Ticket):
    TYPE = "crm.ticket.replied"

    actor_kind: Actor
    public: bool
    author_role: Literal["agent", "customer"]


class TicketEscalated(Ticket):
    TYPE = "crm.ticket.escalated"

    to_team: Text | None = None


class TicketResolved(Ticket):
    TYPE = "crm.ticket.resolved"

    resolution: Text | None = None


class TicketReopened(Ticket):
    TYPE = "crm.ticket.reopened"

    reason: Text | None = None


# -- Surveys ----------------------------------------------------------------------------------------------

SurveyKind = Literal["nps", "csat", "ces"]


class SurveySent(Data):
    TYPE = "crm.survey.sent"
    OWN_ID = "invitation_id"

    invitation_id: Id
    kind: SurveyKind
    customer_id: Id | None = None
    product_id: Text | None = None
    ticket_id: Id | None = None


class SurveyAnswered(Data):
    TYPE = "crm.survey.answered"
    OWN_ID = "response_id"

    response_id: Id
    kind: SurveyKind
    score: Score
    scale_min: Score
    scale_max: Score
    invitation_id: Id | None = None
    customer_id: Id | None = None
    product_id: Text | None = None
    ticket_id: Id | None = None
    has_comment: bool | None = None

    @staticmethod
    def fault(data: Any) -> Fault | None:
        if data.kind == "nps" and (data.scale_min, data.scale_max) != (0, 10):
            return Fault(
                "bad_scale", "scale_max", "NPS is asked on the scale 0 to 10 only; send another kind as csat"
            )
        if data.scale_min >= data.scale_max:
            return Fault(
                "bad_scale", "scale_max", f"{data.scale_max} is not above scale_min {data.scale_min}"
            )
        if not data.scale_min <= data.score <= data.scale_max:
            scale = f"{data.scale_min} to {data.scale_max}"
            return Fault("bad_value", "score", f"{data.score} lies outside its scale {scale}")
        return None


# -- The envelope -----------------------------------------------------------------------------------------

_MODELS: tuple[type[Data], ...] = (
    *(LeadCreated, LeadAssigned, LeadContacted, LeadQualified, LeadDisqualified, LeadConverted),
    *(DealCreated, DealStageChanged, DealWon, DealLost),
    *(CustomerActivated, CustomerChurned),
    CostRecorded,
    *(TicketCreated, TicketReplied, TicketEscalated, TicketResolved, TicketReopened),
    *(SurveySent, SurveyAnswered),
)
EVENT_TYPES: dict[str, type[Data]] = {model.TYPE: model for model in _MODELS}


def field_type(type_: str, field: str) -> type:
    """What a field of an event's data holds when it is there: str, int, bool or date."""
    return _held(EVENT_TYPES[type_].model_fields[field].annotation)


def _held(annotation: Any) -> type:
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    parts = [part for part in get_args(annotation) if part is not NoneType]
    held: type = _held(parts[0]) if parts else annotation
    return held


class Envelope(BaseModel):
    """The CloudEvents attributes that count here; others are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: Id
    type: str
    time: AwareDatetime
    """When it happened, not when it was sent."""
    partitionkey: Id | None = None
    dataschema: Text | None = None


class Event(Envelope):
    """A whole event as producers make it."""

    data: SerializeAsAny[Data]

    @field_validator("data", mode="before")
    @classmethod
    def _data_of_its_type(cls, value: Any, info: ValidationInfo) -> Any:
        """Data that is not yet a model, as when an event is read back, becomes that of its type."""
        model = EVENT_TYPES.get(info.data.get("type", ""))
        if model is None or isinstance(value, Data):
            return value
        return (
            model.model_validate_json(json.dumps(value))
            if info.mode == "json"
            else model.model_validate(value)
        )

    @model_validator(mode="after")
    def _type_fits_data(self) -> Self:
        if type(self.data) is not EVENT_TYPES.get(self.type):
            raise ValueError(f"type {self.type} does not fit data of {type(self.data).__name__}")
        return self

    def key(self) -> str:
        """The Kafka record key: one key per relationship."""
        return self.partitionkey or partition_key(self.type, self.data.model_dump()) or self.id

    def to_json(self) -> bytes:
        """The structured mode's value (content type application/cloudevents+json)."""
        return self.model_dump_json(exclude_none=True).encode()


def partition_key(type_: str, data: dict[str, Any]) -> str | None:
    """The key that the contract gives to an event without `partitionkey`; None for a type unknown here."""
    model = EVENT_TYPES.get(type_)
    for field in ("customer_id", "invitation_id", model.OWN_ID if model else ""):
        value = data.get(field)
        if isinstance(value, str) and value:
            return value
    return None
