"""Surveys: sent, answered by some, and corrected by few."""

from streams.embedded.habits import surveys as habits
from streams.embedded.world import Event, Story, World


def new_nps_survey(world: World) -> None:
    customer = world.members.draw(world.rng)
    if customer is None:
        return
    about: Event = dict(customer.dims) if world.chance(habits.ANONYMOUS) else customer.about()
    world.begin(surveyed(world, habits.NPS, about))


def surveyed(world: World, survey: habits.Survey, about: Event) -> Story:
    """`about` names the customer in both of its events, or in none."""
    about = {"invitation_id": world.new_id("invitation"), "kind": survey.kind, **about}
    world.tell("crm.survey.sent", about)
    if not world.chance(survey.answered):
        return
    yield world.after(survey.delay)
    scale = world.draw(survey.scales)
    about |= {"response_id": world.new_id("response"), "scale_min": scale.lowest, "scale_max": scale.highest}
    score, has_comment = _score(world, scale), world.chance(habits.COMMENTED)
    world.tell("crm.survey.answered", about, score=score, has_comment=has_comment)
    if world.chance(habits.CORRECTED):
        yield world.after(habits.CORRECTION)
        score = _other(world, scale, score)
        world.tell("crm.survey.answered", about, score=score, has_comment=has_comment, revision=1)


def _score(world: World, scale: habits.Scale) -> int:
    score = world.draw(scale.scores)
    return max(score, world.draw(scale.scores)) if world.care.delights else score


def _other(world: World, scale: habits.Scale, score: int) -> int:
    while (other := world.draw(scale.scores)) == score:
        pass
    return other
