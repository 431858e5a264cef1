"""Requests, incidents, and the checks of records."""

from streams.embedded.habits import machines as habits
from streams.embedded.habits.staff import PLACES
from streams.embedded.world import Event, Story, World


def new_request(world: World) -> None:
    component = world.draw(habits.REQUESTED)
    world.tell(
        "crm.request.sampled",
        {"request_id": world.new_id("request"), "component": component.name},
        duration_ms=world.amount_minor(component.request_ms, habits.REQUEST_SIGMA),
        ok=not world.chance(component.failed),
    )


def new_incident(world: World) -> None:
    world.begin(_incident(world, world.draw(habits.TROUBLED)))


def _incident(world: World, component: habits.Component) -> Story:
    """Opened and resolved. Another may begin in its course, and some are forgotten or flare up again."""
    about: Event = {"incident_id": world.new_id("incident"), "component": component.name}
    impact = world.draw(habits.IMPACTS if world.care.outages else habits.MAINTENANCE)
    world.tell("crm.incident.opened", about, **({"impact": impact} if impact else {}))
    if world.chance(habits.ANOTHER):
        world.begin(_incident(world, component), world.after(habits.ANOTHER_AFTER))
    if world.chance(component.forgotten) and world.care.forgets:
        return
    yield world.after(habits.LONG_OUTAGE if world.chance(habits.LONG) else habits.OUTAGE)
    world.tell("crm.incident.resolved", about)
    if world.chance(habits.FLARED_UP):
        yield world.after(habits.FLARE)
        world.tell("crm.incident.opened", about, **({"impact": impact} if impact else {}))
        yield world.after(habits.OUTAGE)
        world.tell("crm.incident.resolved", about)


def new_record_check(world: World) -> None:
    world.begin(_record_check(world))


def _record_check(world: World) -> Story:
    """Some are checked again under the same id, once they have been mended."""
    team, region = world.draw(PLACES)
    about: Event = {"check_id": world.new_id("check"), "team": team, "region": region}
    duplicate = {"duplicate": True} if world.chance(habits.DUPLICATE) else {}
    found = {"complete": world.chance(habits.COMPLETE), "valid": world.chance(habits.VALID)}
    world.tell("crm.record.checked", about, **found, **duplicate)
    if world.chance(habits.RECHECKED):
        yield world.after(habits.RECHECK)
        world.tell("crm.record.checked", about, complete=True, valid=True, revision=1)
