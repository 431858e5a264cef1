"""Customers: they join, buy more, churn, and perhaps return."""

from streams.embedded.habits import customers as habits
from streams.embedded.habits.people import CHANNELS, PLANS
from streams.embedded.people import Customer
from streams.embedded.stories.consents import asked
from streams.embedded.stories.deals import Deal, negotiated
from streams.embedded.stories.people import stranger
from streams.embedded.stories.subscriptions import end_all, subscribed
from streams.embedded.world import Story, World


def joined(world: World, customer: Customer) -> Story:
    yield world.after(habits.ACTIVATION)
    yield from _membership(world, customer, _lifetime_ms(world))


def veteran(world: World) -> Story:
    """A customer from before the start, somewhere in the middle of their time."""
    customer = stranger(world, world.draw(CHANNELS))
    return _membership(world, customer, int(_lifetime_ms(world) * world.rng.random()) + 1)


def _lifetime_ms(world: World) -> int:
    return int(world.after(habits.LIFETIME) * world.care.loyalty)


def _membership(world: World, customer: Customer, lifetime_ms: int) -> Story:
    """From the activation on: they churn after `lifetime_ms`, and some return."""
    customer.dims = {**customer.dims, "plan": world.draw(PLANS)}
    acquired = {"kind": "new", "acquired_via": customer.dims["channel"]}
    while _activated(world, customer, acquired):
        yield lifetime_ms
        if customer not in world.members:  # they left by themselves meanwhile
            return
        churned(world, customer)
        if not world.chance(habits.RETURNS):
            return
        yield world.after(habits.RETURN)
        acquired = {"kind": "reactivated", "acquired_via": "win_back"}
        lifetime_ms = _lifetime_ms(world)


def _activated(world: World, customer: Customer, acquired: dict[str, str]) -> bool:
    """False when they are not heard of any more."""
    world.tell("crm.customer.activated", customer.about(), **acquired)
    if not world.members.join(customer):
        return False
    world.begin(subscribed(world, customer))
    world.begin(asked(world, customer))
    return True


def churned(world: World, customer: Customer) -> None:
    """They leave, and their subscriptions end with that."""
    world.members.leave(customer)
    end_all(world, customer)
    world.tell("crm.customer.churned", customer.about(), **world.draw(habits.CHURNS))


def new_expansion(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        world.begin(_expansion(world, customer))


def _expansion(world: World, customer: Customer) -> Story:
    """A customer buys more. The new plan shows in another `activated`, which makes nobody a member twice."""
    won = yield from negotiated(world, Deal.draw(world, customer), is_new_customer=False)
    yield world.after(habits.ACTIVATION)
    if won and customer in world.members:
        customer.dims = {**customer.dims, "plan": world.draw(PLANS)}
        world.tell("crm.customer.activated", customer.about())
