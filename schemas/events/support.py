"""Support: tickets and surveys."""

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.events.base import Actor, Data, Declared, Fault, Id, Text

Score = Annotated[int, Field(ge=-1000, le=1000)]

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
    KEYED_BY = ("customer_id", "invitation_id")

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
    def fault(data: Any, declared: Declared | None = None) -> Fault | None:
        if data.kind == "nps" and (data.scale_min, data.scale_max) != (0, 10):
            return Fault(
                "bad_scale", "scale_max", "NPS is asked on the scale 0 to 10 only; send another kind as csat"
            )
        if data.scale_min >= data.scale_max:
            return Fault(
                "bad_scale", "scale_max", f"{data.scale_max} is not above scale_min {data.scale_min}"
            )
        if data.kind == "ces" and declared and (data.scale_min, data.scale_max) != declared.ces_scale:
            scale = "{} to {}".format(*declared.ces_scale)
            return Fault(
                "bad_scale", "scale_max", f"customer effort is asked on the catalog's scale {scale} only"
            )
        if not data.scale_min <= data.score <= data.scale_max:
            scale = f"{data.scale_min} to {data.scale_max}"
            return Fault("bad_value", "score", f"{data.score} lies outside its scale {scale}")
        return None
