"""The lives of a simulated company's leads, deals, customers, tickets, surveys and costs, event by event.

    arrivals -+-> lead ---> deal ---> membership      a customer, until they churn, and perhaps return
              +-> expansion ---> deal                 a customer buys more and changes plan
              +-> ticket ---> survey (csat)
              +-> survey (nps)
    bookkeeping ---> cost                             every month, by channel

What they do how often and how fast is in habits.py.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from streams.embedded import habits
from streams.embedded.world import DAY_MS, HOUR_MS, Customer, Event, Story, World, weekday

# -- Arrivals ---------------------------------------------------------------------------------------------

_MEAN_WEIGHT = sum(habits.HOUR_WEIGHTS) / 24 * sum(habits.DAY_WEIGHTS) / 7


def arrivals(world: World, per_day: float, begin: Callable[[World], None]) -> Story:
    """`begin` is called `per_day` times on an average day, by the rhythm of hours and weekdays."""
    while True:
        yield from _until_next(world, per_day)
        begin(world)


def _until_next(world: World, per_day: float) -> Story:
    """Poisson arrivals have no memory: what does not come within the hour is drawn anew at the next rate."""
    while True:
        hour = world.now_ms % DAY_MS // HOUR_MS
        weight = habits.HOUR_WEIGHTS[hour] * habits.DAY_WEIGHTS[weekday(world.now_ms)] / _MEAN_WEIGHT
        hour_left_ms = HOUR_MS - world.now_ms % HOUR_MS
        pause_ms = world.rng.expovariate(per_day * weight / DAY_MS)
        if pause_ms < hour_left_ms:
            yield int(pause_ms)
            return
        yield hour_left_ms


def new_lead(world: World) -> None:
    channel = world.draw(habits.CHANNELS)
    world.begin(_lead(world, stranger(world, channel), channel.origin))


def new_ticket(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        world.begin(_ticket(world, customer))


def new_expansion(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        world.begin(_expansion(world, customer))


def new_nps_survey(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is None:
        return
    about: Event = dict(customer.dims) if world.chance(habits.ANONYMOUS) else customer.about()
    world.begin(_survey(world, habits.NPS, about))


def stranger(world: World, channel: habits.Channel) -> Customer:
    """Somebody at the first touch. They keep this `customer_id` for good."""
    region = world.draw(habits.REGIONS)
    dims = {"channel": channel.name, "region": region.name, "product_id": world.draw(habits.PRODUCTS)}
    segment = world.draw(habits.SEGMENTS)
    if segment is not None:
        dims["segment"] = segment
    if channel.campaigns:
        dims["campaign_id"] = world.rng.choice(channel.campaigns)
    return Customer(world.new_id("cust"), region.currency, region.sales_team, dims)


# -- Leads ------------------------------------------------------------------------------------------------


def _lead(world: World, customer: Customer, origin: str) -> Story:
    about = customer.about(lead_id=world.new_id("lead"), team=customer.team)
    world.tell("crm.lead.created", about, origin=origin, **_referrer(world, origin))
    if world.chance(habits.SELF_SERVICE):
        yield from _self_service(world, customer, about)
        return
    heard = yield from _contacted(world, about, origin)
    if heard and (yield from _qualified(world, about)):
        yield world.after(habits.DEAL_OPENED)
        deal = _Deal.draw(world, customer)
        if (yield from _negotiated(world, deal, lead_id=about["lead_id"], is_new_customer=True)):
            yield world.after(habits.CONVERSION)
            world.tell("crm.lead.converted", about, deal_id=deal.deal_id)
            yield from _joined(world, customer)


def _referrer(world: World, origin: str) -> Event:
    referrer = world.members.draw(world.rng) if origin == "referral" else None
    return {"referrer_customer_id": referrer.customer_id} if referrer else {}


def _self_service(world: World, customer: Customer, about: Event) -> Story:
    """They try it, buy it and never talk to anybody."""
    yield world.after(habits.SELF_SERVICE_TRIAL)
    world.tell("crm.lead.converted", about)
    yield from _joined(world, customer)


def _contacted(world: World, about: Event, origin: str) -> Generator[int, None, bool]:
    """True when a human has talked to them."""
    if world.chance(habits.ASSIGNED):
        yield world.after(habits.ASSIGNMENT)
        world.tell("crm.lead.assigned", about, owner_id=_owner(world))
    turns = world.draw(habits.OUTBOUND_CONTACTS if origin == "outbound" else habits.CONTACTS)
    yield from world.play(about, turns)
    heard = any(turn.fields["actor_kind"] == "human" for turn in turns)
    if not heard and world.chance(habits.UNREACHED_CLOSED):
        yield from world.play(about, [habits.UNREACHED])
    return heard


def _qualified(world: World, about: Event) -> Generator[int, None, bool]:
    """True when they came through all stages."""
    for stage, share, delay in habits.QUALIFICATION:
        yield world.after(delay)
        if not world.chance(share):
            if world.chance(habits.REFUSED):
                world.tell("crm.lead.disqualified", about, reason=world.draw(habits.REFUSALS))
            return False
        world.tell("crm.lead.qualified", about, stage=stage)
    return True


def _owner(world: World) -> str:
    return f"owner-{world.rng.randint(1, habits.OWNERS)}"


# -- Deals ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Deal:
    """What moves while it is negotiated."""

    deal_id: str
    about: Event
    amount_minor: int
    currency: str
    stage: str

    @classmethod
    def draw(cls, world: World, customer: Customer) -> "_Deal":
        deal_id = world.new_id("deal")
        about = customer.about(deal_id=deal_id, team=customer.team)
        median_minor = habits.DEAL_SIZES[customer.dims.get("segment")]
        amount_minor = int(world.rng.lognormvariate(math.log(median_minor), habits.DEAL_SIZE_SIGMA))
        return cls(deal_id, about, amount_minor, customer.currency, habits.DEAL_STAGES[0])

    def price(self) -> Event:
        return {"amount_minor": self.amount_minor, "currency": self.currency}

    def move(self, world: World, to_stage: str) -> None:
        moved = {"to_stage": to_stage, "from_stage": self.stage}
        world.tell("crm.deal.stage_changed", self.about, **moved, **self.price())
        self.stage = to_stage


def _negotiated(world: World, deal: _Deal, is_new_customer: bool, **lead: str) -> Generator[int, None, bool]:
    """True when it is won, perhaps after it was lost and reopened."""
    owner_id = _owner(world)
    world.tell("crm.deal.created", deal.about, stage=deal.stage, owner_id=owner_id, **lead, **deal.price())
    won = yield from _advanced(world, deal)
    while won is False:
        world.tell("crm.deal.lost", deal.about, reason=world.draw(habits.LOSSES), **deal.price())
        if not world.chance(habits.DEAL_REOPENED):
            return False
        won = yield from _reopened(world, deal)
    if won:
        world.tell("crm.deal.won", deal.about, is_new_customer=is_new_customer, **lead, **deal.price())
    return bool(won)


def _advanced(world: World, deal: _Deal) -> Generator[int, None, bool | None]:
    """Through the stages to won or lost; None when nobody ever decides."""
    for stage in habits.DEAL_STAGES[1:]:
        if world.chance(habits.STAGE_SKIPPED):
            continue
        yield world.after(habits.DEAL_STEP)
        if world.chance(habits.STAGE_LOST):
            return False
        if world.chance(habits.STAGE_STALLED):
            return None
        if world.chance(habits.AMOUNT_CHANGED):
            deal.amount_minor = int(deal.amount_minor * world.rng.uniform(*habits.AMOUNT_FACTORS))
        deal.move(world, stage)
    yield world.after(habits.DEAL_STEP)
    return world.chance(habits.WON)


def _reopened(world: World, deal: _Deal) -> Generator[int, None, bool]:
    yield world.after(habits.SECOND_THOUGHTS)
    deal.move(world, habits.DEAL_STAGES[-1])
    yield world.after(habits.DEAL_STEP)
    return world.chance(habits.WON)


def _expansion(world: World, customer: Customer) -> Story:
    """A customer buys more. The new plan shows in another `activated`, which makes nobody a member twice."""
    won = yield from _negotiated(world, _Deal.draw(world, customer), is_new_customer=False)
    yield world.after(habits.ACTIVATION)
    if won and customer in world.members:
        customer.dims = {**customer.dims, "plan": world.draw(habits.PLANS)}
        world.tell("crm.customer.activated", customer.about())


# -- Customers --------------------------------------------------------------------------------------------


def _joined(world: World, customer: Customer) -> Story:
    yield world.after(habits.ACTIVATION)
    yield from membership(world, customer, world.after(habits.LIFETIME))


def veteran(world: World) -> Story:
    """A customer from before the start, somewhere in the middle of their time."""
    customer = stranger(world, world.draw(habits.CHANNELS))
    return membership(world, customer, int(world.after(habits.LIFETIME) * world.rng.random()) + 1)


def membership(world: World, customer: Customer, lifetime_ms: int) -> Story:
    """From the activation on: they churn after `lifetime_ms`, and some return."""
    customer.dims = {**customer.dims, "plan": world.draw(habits.PLANS)}
    world.tell("crm.customer.activated", customer.about(), kind="new", acquired_via=customer.dims["channel"])
    while world.members.join(customer):
        yield lifetime_ms
        world.members.leave(customer)
        world.tell("crm.customer.churned", customer.about(), **world.draw(habits.CHURNS))
        if not world.chance(habits.RETURNS):
            return
        yield world.after(habits.RETURN)
        world.tell("crm.customer.activated", customer.about(), kind="reactivated", acquired_via="win_back")
        lifetime_ms = world.after(habits.LIFETIME)


# -- Tickets ----------------------------------------------------------------------------------------------


def _ticket(world: World, customer: Customer) -> Story:
    ticket_id = world.new_id("ticket")
    about = customer.about(ticket_id=ticket_id, team=world.draw(habits.SUPPORT_TEAMS))
    created_by, opening = world.draw(habits.OPENINGS)
    ending = world.draw(habits.ENDINGS)
    topic, priority = world.draw(habits.TOPICS), world.draw(habits.PRIORITIES)
    world.tell("crm.ticket.created", about, created_by=created_by, topic=topic, priority=priority)
    yield from world.play(about, (*opening, *world.draw(habits.CONVERSATIONS), *ending))
    if ending and world.chance(habits.CSAT_ASKED):
        yield world.after(habits.CSAT_INVITATION)
        yield from _survey(world, habits.CSAT, customer.about(ticket_id=ticket_id))


# -- Surveys ----------------------------------------------------------------------------------------------


def _survey(world: World, survey: habits.Survey, about: Event) -> Story:
    """`about` names the customer in both of its events, or in none."""
    about = {"invitation_id": world.new_id("invitation"), "kind": survey.kind, **about}
    world.tell("crm.survey.sent", about)
    if not world.chance(survey.answered):
        return
    yield world.after(survey.delay)
    scale = world.draw(survey.scales)
    about |= {"response_id": world.new_id("response"), "scale_min": scale.lowest, "scale_max": scale.highest}
    score, has_comment = world.draw(scale.scores), world.chance(habits.COMMENTED)
    world.tell("crm.survey.answered", about, score=score, has_comment=has_comment)
    if world.chance(habits.CORRECTED):
        yield world.after(habits.CORRECTION)
        score = _other(world, scale, score)
        world.tell("crm.survey.answered", about, score=score, has_comment=has_comment, revision=1)


def _other(world: World, scale: habits.Scale, score: int) -> int:
    while (other := world.draw(scale.scores)) == score:
        pass
    return other


# -- Costs ------------------------------------------------------------------------------------------------


def bookkeeping(world: World, leads_per_day: float) -> Story:
    """At the start, and then on the first of every month, that month's costs are booked by channel."""
    while True:
        first, following = _month(world.now_ms)
        leads = leads_per_day * (following - first).days
        period = {"period_start": str(first), "period_end": str(following - timedelta(days=1))}
        for share, channel in habits.CHANNELS.shares():
            for category, per_lead_minor in channel.costs().items():
                about = {"category": category, "currency": channel.currency, "channel": channel.name}
                world.begin(_cost(world, {**about, **period}, leads * share * per_lead_minor))
        yield _midnight_ms(following) - world.now_ms


def _cost(world: World, about: Event, expected_minor: float) -> Story:
    about = {"cost_id": world.new_id("cost"), **about}
    yield world.after(habits.COST_BOOKED)
    world.tell("crm.cost.recorded", about, amount_minor=_cost_minor(world, expected_minor))
    if world.chance(habits.COST_RESTATED):
        yield world.after(habits.RESTATEMENT)
        world.tell("crm.cost.recorded", about, amount_minor=_cost_minor(world, expected_minor), revision=1)


def _cost_minor(world: World, expected_minor: float) -> int:
    return int(expected_minor * world.rng.uniform(*habits.COST_NOISE))


def _month(at_ms: int) -> tuple[date, date]:
    """The first days of the month that holds `at_ms` and of the one after it."""
    first = datetime.fromtimestamp(at_ms // 1000, UTC).date().replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
