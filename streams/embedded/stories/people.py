"""Strangers, and who looks after them."""

from streams.embedded.habits import people as habits
from streams.embedded.people import Customer
from streams.embedded.world import World


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


def owner(world: World) -> str:
    return f"owner-{world.rng.randint(1, habits.OWNERS)}"
