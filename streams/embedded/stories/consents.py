"""Consent, given and withdrawn for each purpose."""

from streams.embedded.habits import consents as habits
from streams.embedded.people import Customer
from streams.embedded.world import Story, World


def asked(world: World, customer: Customer) -> Story:
    """Soon after the activation, once for every purpose."""
    for purpose, share in habits.GRANTED.items():
        yield world.after(habits.ASKED)
        _tell(world, customer, purpose, world.chance(share))


def new_change(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        _tell(world, customer, world.draw(habits.CHANGED), world.chance(habits.GRANTED_LATER))


def _tell(world: World, customer: Customer, purpose: str, granted: bool) -> None:
    basis = world.draw(habits.BASES)
    world.tell("crm.consent.changed", customer.about(), purpose=purpose, granted=granted, basis=basis)
