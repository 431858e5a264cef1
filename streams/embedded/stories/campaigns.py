"""Campaigns: messages delivered, opened, clicked by people and machines, and what comes of it."""

from streams.embedded.habits import campaigns as habits
from streams.embedded.people import Customer
from streams.embedded.world import Event, Story, World


def new_touch(world: World) -> None:
    """A message to one recipient. Their reference says nothing about whether they are a customer."""
    mailing = world.draw(habits.MAILINGS)
    number = world.rng.randint(1, habits.RECIPIENTS)
    about = {
        "campaign_id": mailing.campaign_id,
        "recipient_ref": world.named("recipient", number),
        "channel": mailing.channel,
        "segment": habits.SEGMENTS[number % len(habits.SEGMENTS)],
    }
    world.begin(_message(world, mailing, about))


def _message(world: World, mailing: habits.Mailing, about: Event) -> Story:
    if world.chance(habits.BOUNCED):
        _touch(world, about, "bounced")
        return
    _touch(world, about, "delivered")
    if world.chance(habits.SCANNED):
        for touch in ("opened", "clicked"):
            yield world.after(habits.SCAN)
            _touch(world, about, touch, machine=True)
    yield from _read(world, mailing, about)
    for touch, share in (("unsubscribed", habits.UNSUBSCRIBED), ("complained", habits.COMPLAINED)):
        if world.chance(share):
            yield world.after(habits.REFUSAL)
            _touch(world, about, touch)


def _read(world: World, mailing: habits.Mailing, about: Event) -> Story:
    """By a human: opened, clicked once or more often, converted."""
    steps = [(habits.OPENED, "opened", habits.OPENING), (mailing.clicked, "clicked", habits.CLICK)]
    for share, touch, delay in (*steps, (habits.CLICKED_AGAIN, "clicked", habits.CLICK)):
        if not world.chance(share):
            break
        yield world.after(delay)
        _touch(world, about, touch, machine=False)
        if touch == "clicked" and world.chance(mailing.converted):
            world.begin(_conversion(world, about))


def _touch(world: World, about: Event, touch: str, **machine: bool) -> None:
    world.tell("crm.campaign.touched", about, touch=touch, **machine)


def _conversion(world: World, about: Event) -> Story:
    """A customer who comes by a campaign buys something; some amounts are restated."""
    customer = world.members.draw(world.rng)
    if customer is None:
        return
    yield world.after(habits.CONVERSION)
    about = {**_bought(world, customer), **about}
    amount_minor = world.amount_minor(habits.AMOUNT_MINOR, habits.AMOUNT_SIGMA)
    world.tell("crm.campaign.converted", about, amount_minor=amount_minor)
    if world.chance(habits.RESTATED):
        yield world.after(habits.RESTATEMENT)
        world.tell("crm.campaign.converted", about, amount_minor=amount_minor // 2, revision=1)


def _bought(world: World, customer: Customer) -> Event:
    return customer.about(conversion_id=world.new_id("conversion"), currency=customer.currency)
