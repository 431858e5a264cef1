"""Vectors of guardrails: more leads, fewer of them worth a call."""

import pytest

from tests.oracle.history import lead
from tests.replays import Readings
from tests.vectors.vectors import vectors_at


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


PUSHED = vectors_at("2024-05-01")
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
    """Of too few samples nothing is said."""
    doubled, few, sound = (
        pushed.reading("crm_leads", "30d", slice_)["guardrails"] for slice_ in (DOUBLED, FEW, SOUND)
    )
    assert [(one["kpi"], one["breached"]) for one in doubled] == [("lead_acceptance", True)]
    assert all(figure in doubled[0]["sentence"] for figure in ("100 %", "40 %", "20 %"))
    assert sound == [{"kpi": "lead_acceptance", "breached": False, "sentence": None}]
    assert few == []
