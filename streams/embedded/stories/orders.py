"""Orders, and the refunds that follow some of them."""

from streams.embedded.habits import orders as habits
from streams.embedded.people import Customer
from streams.embedded.world import Event, Story, World


def new_order(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        world.begin(_order(world, customer))


def _order(world: World, customer: Customer) -> Story:
    about = customer.about(order_id=world.new_id("order"), currency=customer.currency)
    amount_minor = world.amount_minor(habits.AMOUNTS[customer.dims.get("segment")], habits.AMOUNT_SIGMA)
    world.tell("crm.order.paid", about, amount_minor=amount_minor, **_cost(world, amount_minor))
    if world.chance(habits.CORRECTED):
        yield world.after(habits.CORRECTION)
        amount_minor += amount_minor // 10
        world.tell("crm.order.paid", about, amount_minor=amount_minor, revision=1)
    if world.chance(habits.REFUNDED):
        yield from _refunded(world, about, amount_minor)


def _cost(world: World, amount_minor: int) -> Event:
    """Nobody knows what the goods of some orders cost."""
    if not world.chance(habits.COST_KNOWN):
        return {}
    return {"cost_of_goods_minor": int(amount_minor * world.rng.uniform(*habits.COST_SHARE))}


def _refunded(world: World, about: Event, amount_minor: int) -> Story:
    """All at once, or a part and perhaps another."""
    left_minor = amount_minor
    while left_minor > 0:
        yield world.after(habits.REFUND)
        share = 1.0 if world.chance(habits.WHOLE) else world.rng.uniform(*habits.PART)
        refund_minor = max(1, int(left_minor * share))
        known = {} if world.chance(habits.WITHOUT_ID) else {"refund_id": world.new_id("refund")}
        world.tell("crm.refund.issued", about, amount_minor=refund_minor, **known)
        left_minor -= refund_minor
        if not world.chance(habits.AGAIN):
            return
