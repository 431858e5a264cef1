"""What the dashboards ask of Prometheus: it is PromQL, and asks for what board and worker export."""

from pathlib import Path

import pytest

from streams.generate.dashboards import queries
from streams.generate.dashboards.asked import Query, filled
from streams.generate.dashboards.choices import WINDOWS, Choice
from streams.generate.dashboards.files import dashboards
from streams.naming import NOW
from tests.builders import shipped
from tests.generate.exported import Exported
from tests.generate.promtool import check_rules, check_values

EXPORTED = Exported.of(shipped())
USED = [one for one in WINDOWS if one != NOW and any(one in series.windows for series in shipped().series)]


def test_every_query_is_promql_whatever_is_chosen(tmp_path: Path) -> None:
    asked = [*queries(shipped()), *queries(shipped(), "ytd", "channel", "with 'quotes'")]
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


def test_prometheus_gives_the_hidden_variables_the_values_that_panels_are_promised(tmp_path: Path) -> None:
    """Grafana takes the label of the one series that their query gives."""
    promised = {
        filled(query, chosen): f'{{{choice.name}="{chosen[name]}"}}'
        for made in dashboards(shipped()).values()
        for choice in (made.choices.windows, made.choices.dimensions)
        for option in choice.options
        for chosen in [choice.chosen(option)]
        for name, query in hidden(choice)
    }
    assert len(promised) > 200
    assert check_values(promised, tmp_path) == ""
    wrong = dict.fromkeys(promised, '{window="5y"}')
    assert "FAILED" in check_values(wrong, tmp_path)


def hidden(choice: Choice) -> list[tuple[str, str]]:
    """Names of the hidden companions, and what they ask."""
    return [(one.name, str(one.query)[len("query_result(") : -1]) for one in choice.companions()]


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
