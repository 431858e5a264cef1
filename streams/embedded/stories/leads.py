"""Leads: contacted, qualified, and won or lost."""

from collections.abc import Generator

from streams.embedded.habits import leads as habits
from streams.embedded.habits.deals import DEAL_OPENED
from streams.embedded.habits.people import CHANNELS
from streams.embedded.people import Customer
from streams.embedded.stories.customers import joined
from streams.embedded.stories.deals import Deal, negotiated
from streams.embedded.stories.people import owner, stranger
from streams.embedded.stories.relations import logged, referred
from streams.embedded.world import Event, Odds, Story, Turn, World


def new_lead(world: World) -> None:
    channel = world.draw(CHANNELS)
    world.begin(_lead(world, stranger(world, channel), channel.origin))


def _lead(world: World, customer: Customer, origin: str) -> Story:
    about = customer.about(lead_id=world.new_id("lead"), team=customer.team)
    referrer = world.members.draw(world.rng) if origin == "referral" else None
    more = {"referrer_customer_id": referrer.customer_id} if referrer else {}
    world.tell("crm.lead.created", about, origin=origin, **more)
    if referrer:
        world.begin(referred(world, referrer, about["lead_id"]))
    if world.chance(habits.SELF_SERVICE) and world.care.forgets:
        yield from _self_service(world, customer, about)
        return
    heard = yield from _contacted(world, about, origin)
    if heard and world.chance(habits.CALL_LOGGED):
        logged(world, customer, actor_kind="human", meaningful=True)
    if heard and (yield from _qualified(world, about)):
        yield world.after(DEAL_OPENED)
        deal = Deal.draw(world, customer)
        if (yield from negotiated(world, deal, lead_id=about["lead_id"], is_new_customer=True)):
            yield world.after(habits.CONVERSION)
            world.tell("crm.lead.converted", about, deal_id=deal.deal_id)
            yield from joined(world, customer)


def _self_service(world: World, customer: Customer, about: Event) -> Story:
    """They try it, buy it and never talk to anybody."""
    yield world.after(habits.SELF_SERVICE_TRIAL)
    world.tell("crm.lead.converted", about)
    yield from joined(world, customer)


def _contacted(world: World, about: Event, origin: str) -> Generator[int, None, bool]:
    """True when a human has talked to them."""
    if world.chance(habits.ASSIGNED):
        yield world.after(habits.ASSIGNMENT)
        world.tell("crm.lead.assigned", about, owner_id=owner(world))
    turns = world.draw(_contacts(world, origin))
    yield from world.play(about, turns)
    heard = any(turn.fields["actor_kind"] == "human" for turn in turns)
    if not heard and world.chance(habits.UNREACHED_CLOSED):
        yield from world.play(about, [habits.UNREACHED])
    return heard


def _contacts(world: World, origin: str) -> Odds[tuple[Turn, ...]]:
    if origin == "outbound":
        return habits.OUTBOUND_CONTACTS
    return habits.CONTACTS if world.care.forgets else habits.HEARD_CONTACTS


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
