"""Interactions, references and referrals."""

from streams.embedded.habits import relations as habits
from streams.embedded.habits.people import CHANNELS
from streams.embedded.people import Customer
from streams.embedded.stories.people import stranger
from streams.embedded.world import Story, World


def new_interaction(world: World) -> None:
    """With a customer, or now and then with somebody who is none."""
    customer = world.members.draw(world.rng)
    if customer is None or world.chance(habits.OF_NO_MEMBER):
        customer = stranger(world, world.draw(CHANNELS))
    actor_kind = world.draw(habits.ACTORS)
    logged(world, customer, actor_kind, world.chance(habits.MEANINGFUL[actor_kind]))


def logged(world: World, customer: Customer, actor_kind: str, meaningful: bool) -> None:
    world.tell(
        "crm.interaction.logged",
        customer.about(interaction_id=world.new_id("interaction")),
        direction=world.draw(habits.DIRECTIONS),
        topic=world.draw(habits.TOPICS),
        actor_kind=actor_kind,
        meaningful=meaningful,
    )


def referred(world: World, referrer: Customer, lead_id: str) -> Story:
    """The referral of a lead, on the record of whom it came from."""
    yield world.after(habits.REFERRAL_LOGGED)
    about = referrer.about(referral_id=world.new_id("referral"), lead_id=lead_id)
    world.tell("crm.referral.made", about)


def new_reference(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is not None:
        world.begin(_reference(world, customer))


def _reference(world: World, customer: Customer) -> Story:
    """A customer is asked to speak for the company."""
    world.tell("crm.reference.changed", customer.about(), state="requested")
    yield world.after(habits.ANSWER)
    answer = world.draw(habits.ANSWERS)
    if answer:
        world.tell("crm.reference.changed", customer.about(), state=answer)
    if answer != "agreed":
        return
    if world.chance(habits.FULFILLED):
        yield world.after(habits.FULFILMENT)
        world.tell("crm.reference.changed", customer.about(), state="fulfilled")
    if world.chance(habits.WITHDRAWN):
        yield world.after(habits.WITHDRAWAL)
        world.tell("crm.reference.changed", customer.about(), state="withdrawn")
