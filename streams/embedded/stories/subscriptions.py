"""Subscriptions: started, grown, shrunk, paused, swapped and ended."""

from streams.embedded.habits import subscriptions as habits
from streams.embedded.people import Customer
from streams.embedded.world import Story, World


def subscribed(world: World, customer: Customer) -> Story:
    """Soon after the activation; some begin with two."""
    for _ in range(2 if world.chance(habits.SECOND) else 1):
        yield world.after(habits.STARTED)
        if customer in world.members:
            _start(world, customer)


def new_change(world: World) -> None:
    """Somebody's subscription changes."""
    customer = world.members.draw(world.rng)
    if customer is None or not customer.mrr:
        return
    change, subscription_id = world.draw(habits.CHANGES), world.rng.choice(list(customer.mrr))
    if change == "added":
        _start(world, customer)
    elif change == "swapped":  # within the same second there is none and one again
        _tell(world, customer, subscription_id, "ended")
        _start(world, customer)
    elif change == "paused":
        world.begin(_paused(world, customer, subscription_id))
    else:
        _resize(world, customer, subscription_id, change)


def end_all(world: World, customer: Customer) -> None:
    for subscription_id in list(customer.mrr):
        _tell(world, customer, subscription_id, "ended")


def _start(world: World, customer: Customer) -> None:
    mrr_minor = world.amount_minor(habits.MRR[customer.dims["plan"]], habits.MRR_SIGMA)
    _tell(world, customer, world.new_id("subscription"), "started", mrr_minor)


def _resize(world: World, customer: Customer, subscription_id: str, change: str) -> None:
    before_minor = customer.mrr[subscription_id]
    if before_minor:  # it is not paused
        factor = world.rng.uniform(*(habits.EXPANSION if change == "expanded" else habits.CONTRACTION))
        _tell(world, customer, subscription_id, change, int(before_minor * factor))


def _paused(world: World, customer: Customer, subscription_id: str) -> Story:
    before_minor = customer.mrr[subscription_id]
    if not before_minor:
        return
    _tell(world, customer, subscription_id, "paused")
    yield world.after(habits.PAUSE)
    if customer.mrr.get(subscription_id) == 0:
        resumed = world.chance(habits.RESUMED)
        ending = ("resumed", before_minor) if resumed else ("ended", 0)
        _tell(world, customer, subscription_id, *ending)


def _tell(world: World, customer: Customer, subscription_id: str, change: str, after_minor: int = 0) -> None:
    world.tell(
        "crm.subscription.changed",
        customer.about(subscription_id=subscription_id, currency=customer.currency),
        change=change,
        mrr_before_minor=customer.mrr.pop(subscription_id, 0),
        mrr_after_minor=after_minor,
    )
    if change != "ended":
        customer.mrr[subscription_id] = after_minor
