"""Erasures: somebody asks to be forgotten."""

from streams.embedded.habits import erasures as habits
from streams.embedded.habits.people import CHANNELS
from streams.embedded.people import Customer
from streams.embedded.stories.customers import churned
from streams.embedded.stories.people import stranger
from streams.embedded.world import DAY_MS, Event, Story, World
from streams.human import rfc3339


def new_erasure(world: World) -> None:
    """A customer, who leaves with that, or somebody from long ago who is none."""
    customer = world.members.draw(world.rng) if world.chance(habits.OF_MEMBERS) else None
    if customer is not None:
        churned(world, customer)
    world.begin(_erasure(world, customer or stranger(world, world.draw(CHANNELS))))


def _erasure(world: World, customer: Customer) -> Story:
    about: Event = {"request_id": world.new_id("erasure"), "customer_id": customer.customer_id}
    about["region"] = customer.dims["region"]
    due = {}
    if world.chance(habits.WITH_DUE):
        due["due_at"] = rfc3339(world.now_ms + world.draw(habits.DUE) * DAY_MS)
    world.tell("crm.erasure.requested", about, **due)
    done = world.draw(habits.DONE if world.care.forgets else habits.DONE_IN_TIME)
    if done is None:
        return
    yield world.after(done)
    world.tell("crm.erasure.completed", about)
    yield world.after(habits.ERASED)
    world.tell("crm.customer.erased", about)
