"""Deals: negotiated stage by stage, won, lost, reopened."""

from collections.abc import Generator
from dataclasses import dataclass

from streams.embedded.habits import deals as habits
from streams.embedded.people import Customer
from streams.embedded.stories.people import owner
from streams.embedded.world import Event, Story, World


@dataclass(slots=True)
class Deal:
    """What moves while it is negotiated."""

    deal_id: str
    about: Event
    amount_minor: int
    currency: str
    stage: str

    @classmethod
    def draw(cls, world: World, customer: Customer) -> "Deal":
        deal_id = world.new_id("deal")
        about = customer.about(deal_id=deal_id, team=customer.team)
        median_minor = habits.DEAL_SIZES[customer.dims.get("segment")]
        amount_minor = world.amount_minor(median_minor, habits.DEAL_SIZE_SIGMA)
        return cls(deal_id, about, amount_minor, customer.currency, habits.DEAL_STAGES[0])

    def price(self) -> Event:
        return {"amount_minor": self.amount_minor, "currency": self.currency}

    def move(self, world: World, to_stage: str) -> None:
        moved = {"to_stage": to_stage, "from_stage": self.stage}
        world.tell("crm.deal.stage_changed", self.about, **moved, **self.price())
        self.stage = to_stage


def negotiated(world: World, deal: Deal, is_new_customer: bool, **lead: str) -> Generator[int, None, bool]:
    """True when it is won, perhaps after it was lost and reopened."""
    owner_id = owner(world)
    world.tell("crm.deal.created", deal.about, stage=deal.stage, owner_id=owner_id, **lead, **deal.price())
    won = yield from _advanced(world, deal)
    while won is False:
        world.tell("crm.deal.lost", deal.about, reason=world.draw(habits.LOSSES), **deal.price())
        if not world.chance(habits.DEAL_REOPENED):
            return False
        won = yield from _reopened(world, deal)
    if won:
        about = {**deal.about, "is_new_customer": is_new_customer, **lead}
        world.tell("crm.deal.won", about, **deal.price())
        if world.chance(habits.MISPRICED):
            world.begin(_corrected(world, deal, about))
    return bool(won)


def _corrected(world: World, deal: Deal, won: Event) -> Story:
    """Somebody had typed the wrong amount."""
    yield world.after(habits.CORRECTION)
    deal.amount_minor = int(deal.amount_minor * world.rng.uniform(*habits.AMOUNT_FACTORS))
    world.tell("crm.deal.won", won, **deal.price(), revision=1)


def _advanced(world: World, deal: Deal) -> Generator[int, None, bool | None]:
    """Through the stages to won or lost; None when nobody ever decides."""
    for stage in habits.DEAL_STAGES[1:]:
        if world.chance(habits.STAGE_SKIPPED):
            continue
        yield world.after(habits.DEAL_STEP)
        if world.chance(habits.STAGE_LOST):
            return False
        if world.chance(habits.STAGE_STALLED):
            return None
        if world.chance(habits.AMOUNT_CHANGED):
            deal.amount_minor = int(deal.amount_minor * world.rng.uniform(*habits.AMOUNT_FACTORS))
        deal.move(world, stage)
    yield world.after(habits.DEAL_STEP)
    return world.chance(habits.WON)


def _reopened(world: World, deal: Deal) -> Generator[int, None, bool]:
    yield world.after(habits.SECOND_THOUGHTS)
    deal.move(world, habits.DEAL_STAGES[-1])
    yield world.after(habits.DEAL_STEP)
    return world.chance(habits.WON)
