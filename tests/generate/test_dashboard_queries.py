"""What the dashboards ask of Prometheus: it is PromQL, and asks for what board and worker export."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streams.generate.dashboards import queries
from streams.generate.dashboards.asked import Query
from streams.generate.dashboards.choices import WINDOWS
from tests.builders import shipped
from tests.generate.exported import Exported
from tests.servers import unavailable

EXPORTED = Exported.of(shipped())
USED = [window for window in WINDOWS if any(window in series.windows for series in shipped().series)]


def check_rules(exprs: Iterable[str], directory: Path) -> str:
    """What promtool says of a file that records these expressions; empty when all are PromQL."""
    promtool = shutil.which("promtool") or unavailable("no promtool: apt install prometheus")
    recorded = [{"record": f"asked:{at}", "expr": expr} for at, expr in enumerate(sorted(set(exprs)))]
    file = directory / "rules.yaml"
    YAML().dump({"groups": [{"name": "all", "rules": recorded}]}, file)
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_every_query_is_promql_whatever_is_chosen(tmp_path: Path) -> None:
    asked = [*queries(shipped()), *queries(shipped(), "ytd", "channel", 'a "quoted" one'.replace('"', "'"))]
    assert len(asked) > 1000
    assert check_rules((one.expr for one in asked), tmp_path) == ""


@pytest.mark.parametrize("window", USED)
def test_whatever_window_is_chosen_every_query_asks_for_what_is_exported(window: str) -> None:
    """Also of KPIs that lack the window: they show the nearest that they have."""
    missing = {
        (one.place, found) for one in queries(shipped(), window) for found in EXPORTED.missing(one.expr)
    }
    assert missing == set()


@pytest.mark.parametrize("dimension", shipped().catalog.dimensions)
def test_whatever_dimension_is_chosen_every_table_lists_the_members_of_one_that_its_kpi_has(
    dimension: str,
) -> None:
    tables = [one for one in queries(shipped(), None, dimension, "all") if " · by " in one.place]
    assert len(tables) > 100
    assert {found for one in tables for found in EXPORTED.missing(one.expr)} == set()


def test_a_query_for_what_nobody_exports_would_be_found() -> None:
    assert EXPORTED.missing('max(crm_leads{window="5m", dimension="all"}) or crm_nothing') == [
        'crm_leads{window="5m", dimension="all"}',
        "crm_nothing",
    ]
    assert EXPORTED.missing('crm_kpi_target{kpi="nobody"}') != []
    assert EXPORTED.missing('crm_kpi_bound{kpi="nps", bound=~"lower|upper", window!="1h"}') == []


def test_a_slice_is_asked_for_as_it_was_chosen() -> None:
    [asked] = [
        one
        for one in queries(shipped(), "24h", "channel", "web")
        if one.place == "Win rate · 24h" and one.dashboard == "overview"
    ]
    assert asked == Query(
        "overview",
        "Win rate · 24h",
        "range",
        'max(crm_win_ratio{window="24h", dimension="channel", member="web"}) or vector(NaN)',
    )
