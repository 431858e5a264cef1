"""The rule of the newest event, judged by Prometheus on the event times of companies that are well."""

from bisect import bisect
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streams.embedded.crisis import WELL
from streams.embedded.traffic import Traffic, simulate
from streams.naming import LAST_EVENT
from tests.builders import days, ms
from tests.generate.promtool import promtool
from tests.servers import ROOT

RULES = ROOT / "grafana/prometheus/rules/pipeline.yaml"
WARM_MS = ms("2025-06-02 00:00")
BEGINS_MS = WARM_MS + days(35)
"""When Prometheus begins to look."""
LOOKED_DAYS = 28
LAST_HOUR = 24 * LOOKED_DAYS - 1
STEP_MS = 20 * 60_000
FIRING = 'ALERTS{alertname="CrmNoFreshEvent", alertstate="firing"}'


def newest(events_per_day: int, silent_from_ms: int | None = None) -> list[int]:
    """Of every step the time of the newest event, in seconds from the first step on."""
    company = Traffic(seed=8, events_per_day=events_per_day, care=WELL)
    end_ms = BEGINS_MS + days(LOOKED_DAYS)
    times = [time_ms for time_ms, _ in simulate(company, WARM_MS, silent_from_ms or end_ms)]
    steps = range(BEGINS_MS, end_ms, STEP_MS)
    return [(times[bisect(times, step) - 1] - BEGINS_MS) // 1000 for step in steps]


def count(expr: str, expected: int, times: list[int], hour: int, directory: Path) -> str:
    """What promtool has against this: an expression gives so many series at an hour."""
    samples = [{"labels": "{}", "value": expected}] if expected else []
    test = {
        "interval": "20m",
        "input_series": [{"series": LAST_EVENT, "values": " ".join(map(str, times))}],
        "promql_expr_test": [{"expr": f"count({expr})", "eval_time": f"{hour}h", "exp_samples": samples}],
    }
    file = directory / "times.yaml"
    YAML().dump({"rule_files": [str(RULES)], "evaluation_interval": "20m", "tests": [test]}, file)
    return promtool("test", "rules", file)


@pytest.mark.parametrize("events_per_day", [100, 300, 1_200])
def test_a_company_that_is_well_is_never_missed(events_per_day: int, tmp_path: Path) -> None:
    times = newest(events_per_day)
    assert max(late - early for early, late in zip(times, times[1:], strict=False)) > 3_600, (
        "nights are quiet"
    )
    assert count(f"count_over_time({FIRING}[30d])", 0, times, LAST_HOUR, tmp_path) == ""


def test_one_that_stops_is_missed_within_a_day(tmp_path: Path) -> None:
    times = newest(100, BEGINS_MS + days(14.5))
    assert count(FIRING, 2, times, 15 * 24 + 12, tmp_path) == ""
