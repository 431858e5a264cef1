"""Choosing among readings."""

from streams.serve.choosing import Chooser, Filter
from tests.builders import lead_created, shipped, survey_answered
from tests.serve.builders import showing

SHOWN = showing(lead_created("lead-1"), survey_answered("answer-1"))


def chosen(**asked: list[str]) -> set[tuple[str, str]]:
    """(gauge, window) of all that is chosen."""
    by_kpi = {kpi: [one for one in SHOWN.readings if one.kpi == kpi] for kpi in shipped().catalog.kpis}
    chooser = Chooser(shipped(), Filter.of({"dimension": ["all"], **asked}))
    return {(one.gauge, one.window) for one in chooser.choose(by_kpi)}


def test_beside_the_first_series_stands_what_alerts_judge_in_their_own_windows() -> None:
    first = chosen(kpi=["leads_waiting", "nps"], series=["first"], window=["24h"], nearest=["1"])
    assert first == {("crm_leads_waiting", "now"), ("crm_nps_points", "24h")}
    both = chosen(kpi=["leads_waiting", "nps"], series=["first"], window=["24h"], nearest=["1"], judged=["1"])
    assert both - first == {
        ("crm_leads_waiting_oldest_seconds", "now"),
        ("crm_nps_points", "30d"),
        ("crm_nps_points", "90d"),
    }
