"""Records that were a mistake: made, noticed, and removed."""

from collections.abc import Callable

from streams.embedded.habits import mistakes as habits
from streams.embedded.habits.deals import DEAL_STAGES
from streams.embedded.habits.people import CHANNELS
from streams.embedded.people import Customer
from streams.embedded.stories.people import stranger
from streams.embedded.world import Event, Story, World


def new_mistake(world: World) -> None:
    world.begin(_mistake(world, world.draw(habits.ENTITIES)))


def _mistake(world: World, entity: str) -> Story:
    customer = stranger(world, world.draw(CHANNELS))
    id_ = world.new_id(entity)
    _MADE[entity](world, customer, customer.about(**{f"{entity}_id": id_}))
    yield world.after(habits.NOTICED)
    about: Event = {"entity": entity, "id": id_, "customer_id": customer.customer_id}
    world.tell("crm.record.removed", about, reason=world.draw(habits.REASONS))


def _lead(world: World, customer: Customer, about: Event) -> None:
    world.tell("crm.lead.created", about, origin="inbound")


def _deal(world: World, customer: Customer, about: Event) -> None:
    amount_minor = world.amount_minor(habits.AMOUNT_MINOR, habits.AMOUNT_SIGMA)
    price = {"amount_minor": amount_minor, "currency": customer.currency}
    world.tell("crm.deal.created", about, stage=DEAL_STAGES[0], **price)


def _ticket(world: World, customer: Customer, about: Event) -> None:
    world.tell("crm.ticket.created", about, created_by="customer")


def _order(world: World, customer: Customer, about: Event) -> None:
    amount_minor = world.amount_minor(habits.AMOUNT_MINOR, habits.AMOUNT_SIGMA)
    world.tell("crm.order.paid", about, amount_minor=amount_minor, currency=customer.currency)


_MADE: dict[str, Callable[[World, Customer, Event], None]] = {
    "lead": _lead,
    "deal": _deal,
    "ticket": _ticket,
    "order": _order,
}
