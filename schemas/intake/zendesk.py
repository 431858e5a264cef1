"""What is told of Zendesk: which statuses, groups and users mean what here, and what becomes a dimension."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.intake.fields import Member, OfField, written
from schemas.words import FreeName, Model, distinct

VendorId = Annotated[str, written, StringConstraints(min_length=1, max_length=100)]
Word = Annotated[str, written, StringConstraints(min_length=1, max_length=100, to_lower=True)]
"""What Zendesk writes in capitals here and in small letters there."""

Status = Literal["new", "open", "pending", "hold", "solved", "closed"]
Statuses = Annotated[list[Status], AfterValidator(distinct)]

Ending = Literal["soft_deleted", "permanently_deleted", "marked_as_spam", "merged"]

TicketField = Literal["via.channel", "brand_id", "group_id", "form_id", "organization_id", "priority", "type"]


class OfTags(Model):
    """The member is that of the first of these tags that the ticket has."""

    tags: dict[Word, Member] = Field(min_length=1)
    """Tag -> member."""


Dimension = TicketField | OfField[TicketField] | OfTags


class Zendesk(Model):
    customer: Literal["ticket", "requester", "organization"] = "ticket"
    """Whose ticket it is: nobody's, each ticket being a relationship of its own; the requester's; or the
    organization's, the requester's where there is none. All events of a ticket must have one key: the last
    two are for where tickets never change hands."""
    resolved: Statuses = ["solved", "closed"]
    """Statuses in which a ticket is resolved."""
    open: Statuses = ["new", "open", "pending", "hold"]
    """Statuses that reopen a ticket that was resolved."""
    removed_by: Annotated[list[Ending], AfterValidator(distinct)] = [
        "soft_deleted",
        "permanently_deleted",
        "marked_as_spam",
    ]
    """What takes a ticket out of all numbers, for ever: one that is restored later is not counted again."""
    escalated_to: dict[VendorId, Member] = {}
    """Group id -> team: whoever assigns a ticket to this group escalates it to this team."""
    bots: list[VendorId] = ["-1"]
    """Ids of users whose comments nobody writes; -1 is Zendesk itself."""
    ratings: dict[Word, Literal[0, 1]] = {"good": 1, "bad": 0}
    """Satisfaction ratings -> 1: satisfied, 0: not. Other words are no answers; numbers are 1 to 5 stars."""
    dimensions: dict[FreeName, Dimension] = {"channel": "via.channel"}
    """Dimension of the catalog -> where its member comes from."""

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        for status in self.resolved:
            if status in self.open:
                text = "{status} stands under `resolved` and under `open`: leave it in one of them"
                raise PydanticCustomError("statuses", text, {"status": status})
        return self
