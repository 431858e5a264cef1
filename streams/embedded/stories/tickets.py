"""Tickets: opened, answered, escalated, resolved, reopened; and then a survey."""

from streams.embedded.habits import tickets as habits
from streams.embedded.habits.surveys import ABOUT_TICKETS, TICKET_INVITATION
from streams.embedded.people import Customer
from streams.embedded.stories.surveys import surveyed
from streams.embedded.world import Story, World


def new_ticket(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        world.begin(_ticket(world, customer))


def _ticket(world: World, customer: Customer) -> Story:
    ticket_id = world.new_id("ticket")
    about = customer.about(ticket_id=ticket_id, team=world.draw(habits.SUPPORT_TEAMS))
    created_by, opening = world.draw(habits.OPENINGS)
    ending = world.draw(habits.ENDINGS if world.care.forgets else habits.KEPT_ENDINGS)
    topic, priority = world.draw(habits.TOPICS), world.draw(habits.PRIORITIES)
    world.tell("crm.ticket.created", about, created_by=created_by, topic=topic, priority=priority)
    yield from world.play(about, (*opening, *world.draw(habits.CONVERSATIONS), *ending))
    survey = world.draw(ABOUT_TICKETS) if ending else None
    if survey:
        yield world.after(TICKET_INVITATION)
        yield from surveyed(world, survey, customer.about(ticket_id=ticket_id))
