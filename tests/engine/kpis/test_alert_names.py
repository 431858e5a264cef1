"""What alerts are called: a name is all that rules, runbooks and silences know an alert by."""

from typing import Any

import pytest

from schemas.kpis import Kpi
from streams.engine.kpis.alert_names import alert_name


def called(**alert: Any) -> str:
    """What an alert of leads waiting is called."""
    kpi = Kpi.model_validate(
        {
            "title": "Leads waiting",
            "group": "sales",
            "goal": "Fewer.",
            "owner": "sales",
            "unit": "count",
            "good": "down",
            "gauge": "crm_waiting",
            "windows": ["now"],
            "series": [
                {"formula": "end(leads_waiting)"},
                {"formula": "oldest(leads_waiting)", "gauge": "crm_waiting_oldest_seconds"},
            ],
            "alerts": [{"windows": ["now"], "warn": 1, **alert}],
        }
    )
    return alert_name("leads_waiting", kpi, kpi.alerts[0])


@pytest.mark.parametrize(
    ("alert", "name"),
    [
        ({"gauge": "crm_waiting"}, "CrmLeadsWaiting"),
        ({"gauge": "crm_waiting_oldest_seconds"}, "CrmLeadsWaitingOldest"),
        ({"gauge": "crm_waiting", "name": "at_night"}, "CrmLeadsWaitingAtNight"),
        ({"gauge": "crm_waiting_oldest_seconds", "name": "week"}, "CrmLeadsWaitingOldestWeek"),
    ],
)
def test_an_alert_is_called_by_its_kpi_what_it_judges_and_its_own_name(
    alert: dict[str, Any], name: str
) -> None:
    assert called(**alert) == name
