"""Vectors of guardrails: more leads, fewer of them worth a call."""

import msgspec
import pytest

from streams.engine.kpis.guardrails import breaches
from streams.engine.kpis.readings import Reading
from streams.engine.plan import read_plan
from streams.settings import Settings
from tests.oracle.history import lead
from tests.replays import Readings
from tests.vectors.vectors import Vectors


def cohort(day: str, leads: int, accepted: int) -> list[bytes]:
    """So many leads on a day, all qualified by marketing and some of them accepted by sales."""
    lines = []
    for number in range(leads):
        name = f"{day}-{number}"
        lines.append(lead("created", f"{day} 08:00", name))
        lines.append(lead("qualified", f"{day} 09:00", name, stage="mql"))
        if number < accepted:
            lines.append(lead("qualified", f"{day} 10:00", name, stage="accepted"))
    return lines


PUSHED = Vectors("2024-05-01")
DOUBLED = PUSHED.story("doubled", *cohort("2024-03-15", 200, 80), *cohort("2024-04-15", 400, 80))
FEW = PUSHED.story("few", *cohort("2024-03-15", 5, 2), *cohort("2024-04-15", 10, 2))
SOUND = PUSHED.story("sound", *cohort("2024-03-15", 200, 80), *cohort("2024-04-15", 400, 160))


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return PUSHED.read(tmp_path_factory.mktemp("pushed"))


def test_twice_the_leads_of_half_the_worth_are_a_change_for_the_better_and_one_for_the_worse(
    pushed: Readings,
) -> None:
    volume = pushed.reading("crm_leads", "30d", DOUBLED)
    assert (volume["value"], volume["previous"], volume["change"]) == (400, 200, 1.0)
    acceptance = pushed.reading("crm_lead_acceptance_ratio", "30d", DOUBLED)
    assert (acceptance["value"], acceptance["previous"], acceptance["change"]) == (0.2, 0.4, -0.5)


def test_leads_that_double_while_acceptance_halves_breach_the_guardrail(pushed: Readings) -> None:
    """With enough samples, and only there."""
    plan = read_plan(*Settings().catalog_text())
    breached = {
        breach.member: breach.sentence
        for breach in breaches(plan, msgspec.convert(list(pushed), list[Reading]))
        if (breach.kpi, breach.window, breach.dimension) == ("lead_volume", "30d", "segment")
        and breach.breached
    }
    assert breached.keys() == {DOUBLED[1]}
    assert all(figure in breached[DOUBLED[1]] for figure in ("100 %", "40 %", "20 %"))
