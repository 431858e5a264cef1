"""The job, for the peers written in Python: decode and validate, pair, say what an event adds to which hour.

It holds no state and knows no framework: a peer loads a subject's times from its own store, calls `apply`,
and adds what comes back to the sums in its own store. msgspec decodes and validates: the fastest in Python.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

import msgspec

NUMBERS: Final = (
    *("lead_created", "lead_contacted"),
    *("deal_created", "deal_won"),
    *("ticket_created", "ticket_resolved"),
    *("lead_pairs", "lead_ms"),
    *("deal_pairs", "deal_ms"),
    *("ticket_pairs", "ticket_ms"),
)
"""What is summed, by index: events of each kind, then pairs and their milliseconds."""
PAIRS: Final = 6
"""Where the pairs begin; they stand in the order of their first events."""
DIMENSIONS: Final = ("channel", "segment", "region", "team")
HOUR_MS: Final = 3_600_000

Times = list[int | None]
"""A subject's times in ms: when it began (created), and when it ended (contacted, won, resolved)."""
Addition = tuple[int, list[tuple[int, int]]]
"""An hour's start in ms, and the numbers to add to each of the event's slices there, with their indexes."""
HourSums = dict[str, list[int]]
"""The sums of an hour: `dimension|member` -> one number for each of `NUMBERS`."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=3)]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


class Data(msgspec.Struct, kw_only=True):
    customer_id: Id
    channel: Text = "unknown"
    segment: Text = "unknown"
    region: Text = "unknown"
    team: Text = "unknown"

    def subject(self) -> str:
        """The key of what the event is about."""
        raise NotImplementedError


class Lead(Data, kw_only=True):
    lead_id: Id

    def subject(self) -> str:
        return f"lead:{self.lead_id}"


class Contact(Lead, kw_only=True):
    actor_kind: Literal["human", "bot", "sequence"]


class Deal(Data, kw_only=True):
    deal_id: Id

    def subject(self) -> str:
        return f"deal:{self.deal_id}"


class Sale(Deal, kw_only=True):
    amount_minor: Amount
    currency: Currency


class Ticket(Data, kw_only=True):
    ticket_id: Id

    def subject(self) -> str:
        return f"ticket:{self.ticket_id}"


class Event(msgspec.Struct, kw_only=True, tag_field="type"):
    """A CloudEvent. `KIND` is its index into `NUMBERS`: even when it begins something, odd when it ends."""

    KIND: ClassVar[int]

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: Data

    def slices(self) -> tuple[str, ...]:
        """`dimension|member` of every slice that it counts in."""
        data = self.data
        return (
            "all|all",
            f"channel|{data.channel}",
            f"segment|{data.segment}",
            f"region|{data.region}",
            f"team|{data.team}",
        )


class LeadCreated(Event, kw_only=True, tag="crm.lead.created"):
    KIND = 0
    data: Lead


class LeadContacted(Event, kw_only=True, tag="crm.lead.contacted"):
    KIND = 1
    data: Contact


class DealCreated(Event, kw_only=True, tag="crm.deal.created"):
    KIND = 2
    data: Deal


class DealWon(Event, kw_only=True, tag="crm.deal.won"):
    KIND = 3
    data: Sale


class TicketCreated(Event, kw_only=True, tag="crm.ticket.created"):
    KIND = 4
    data: Ticket


class TicketResolved(Event, kw_only=True, tag="crm.ticket.resolved"):
    KIND = 5
    data: Ticket


decode: Final = msgspec.json.Decoder(
    LeadCreated | LeadContacted | DealCreated | DealWon | TicketCreated | TicketResolved
).decode
"""An event from a record's value; msgspec.ValidationError or msgspec.DecodeError for one that is none."""


def apply(times: Times | None, event: Event) -> tuple[Times, list[Addition]]:
    """A subject's times after the event, and what the event adds, hour by hour.

    The event counts in its own hour. When it completes a pair, whichever half came last, the pair counts in
    the hour of the end.
    """
    time_ms = (event.time - _EPOCH) // _MS
    hour_ms, side = _hour(time_ms), event.KIND % 2
    begin, end = times or (None, None)
    if (end if side else begin) is not None:
        return [begin, end], [(hour_ms, [(event.KIND, 1)])]
    begin, end = (begin, time_ms) if side else (time_ms, end)
    if begin is None or end is None or end < begin:
        return [begin, end], [(hour_ms, [(event.KIND, 1)])]
    index = PAIRS + event.KIND - side
    pair, pair_ms = [(index, 1), (index + 1, end - begin)], _hour(end)
    if pair_ms == hour_ms:
        return [begin, end], [(hour_ms, [(event.KIND, 1), *pair])]
    return [begin, end], [(hour_ms, [(event.KIND, 1)]), (pair_ms, pair)]


def add(sums: HourSums, event: Event, numbers: Iterable[tuple[int, int]]) -> HourSums:
    """Add these numbers to each of the event's slices, in place."""
    for slice_ in event.slices():
        of_slice = sums.setdefault(slice_, [0] * len(NUMBERS))
        for index, number in numbers:
            of_slice[index] += number
    return sums


def _hour(time_ms: int) -> int:
    return time_ms - time_ms % HOUR_MS
