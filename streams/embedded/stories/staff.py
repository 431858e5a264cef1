"""The company's own people: they come and go, work in the CRM, learn, and leave tasks to machines."""

from streams.embedded.habits import staff as habits
from streams.embedded.people import User
from streams.embedded.world import Event, Story, World


def veteran(world: World) -> Story:
    """A user from before the start, somewhere in the middle of their time."""
    return _career(world, int(world.after(habits.CAREER) * world.rng.random()) + 1)


def _career(world: World, career_ms: int) -> Story:
    """From the licence on: the first courses, the end after `career_ms`, and a successor."""
    user = User(world.new_id("user"), *world.draw(habits.PLACES), world.chance(habits.IDLE))
    _license(world, user, active=True)
    if not world.staff.join(user):
        return
    for course_id in habits.FIRST_COURSES:
        world.begin(_training(world, user, course_id))
    yield career_ms
    world.staff.leave(user)
    _license(world, user, active=False)
    if world.chance(habits.REPLACED):
        yield world.after(habits.REPLACEMENT)
        world.begin(_career(world, world.after(habits.CAREER)))


def _license(world: World, user: User, active: bool) -> None:
    world.tell("crm.user.licensed", user.about(), active=active)


def new_act(world: World) -> None:
    user = world.staff.draw(world.rng)
    if user is not None:
        action, meaningful = ("login", False) if user.idle else world.draw(habits.ACTIONS)
        world.tell("crm.user.acted", user.about(), action=action, meaningful=meaningful)


def new_training(world: World) -> None:
    """Somebody is sent to a course of this quarter."""
    user = world.staff.draw(world.rng)
    if user is not None:
        course_id = f"{world.draw(habits.COURSES)}-{world.quarter()}"
        world.begin(_training(world, user, course_id))


def _training(world: World, user: User, course_id: str) -> Story:
    about = user.about(course_id=course_id)
    world.tell("crm.training.changed", about, state="assigned")
    for share, state in ((habits.FAILED_FIRST, "failed"), (habits.PASSED, "completed")):
        if world.chance(share):
            yield world.after(habits.STUDY)
            world.tell("crm.training.changed", about, state=state)


def new_task(world: World) -> None:
    workflow, automated = world.draw(habits.WORKFLOWS)
    team, region = world.draw(habits.PLACES)
    about: Event = {"task_id": world.new_id("task"), "workflow": workflow, "team": team, "region": region}
    world.tell("crm.task.completed", about, automated=world.chance(automated))
