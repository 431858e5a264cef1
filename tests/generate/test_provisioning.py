"""What Grafana is provisioned with: the same alerts as Prometheus', and addresses that fit the rest."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.generate.alerts import alert_rules
from streams.generate.dashboards import texts
from streams.generate.dashboards.provisioning import DASHBOARDS, NOTICE
from streams.generate.recordings import recordings
from streams.naming import STALE_RECORD
from tests.builders import shipped
from tests.generate.exported import Exported
from tests.generate.promtool import check_rules

ROOT = Path(__file__).parents[2]
TEXTS = texts(shipped())
PROVISIONED = {
    Path(path).parent.name: YAML(typ="safe").load(text)
    for path, text in TEXTS.items()
    if path.endswith(".yaml")
}
COPIES: list[dict[str, Any]] = [
    rule for group in PROVISIONED["alerting"]["groups"] for rule in group["rules"]
]
PAIRS = list(zip(alert_rules(shipped()), COPIES, strict=True))


def expr(copy: Mapping[str, Any]) -> str:
    return str(copy["data"][0]["model"]["expr"])


# -- Alerts -----------------------------------------------------------------------------------------------


def test_every_rule_of_prometheus_has_a_copy_that_says_the_same() -> None:
    for rule, copy in PAIRS:
        assert copy["title"].startswith(f"{rule.name} {rule.severity}")
        assert (copy["for"], copy["keepFiringFor"]) == (rule.for_, rule.keep_firing_for)
        assert copy["labels"].items() <= rule.labels.items()
        assert copy["labels"]["severity"] == rule.severity
        assert copy["annotations"].keys() == rule.annotations.keys()
        assert rule.bare_expr in expr(copy)


def test_copies_are_known_by_uids_and_titles_of_their_own() -> None:
    for name in ("uid", "title"):
        assert len({copy[name] for copy in COPIES}) == len(COPIES)
    assert all(len(copy["uid"]) <= 40 for copy in COPIES)


def test_while_numbers_are_stale_only_the_pipeline_alerts() -> None:
    gate = f"unless on () (\n{STALE_RECORD} == 1\n)"
    for rule, copy in PAIRS:
        own = rule.group == "pipeline"
        assert expr(copy).endswith(gate) != own, rule.name
    assert STALE_RECORD in {one.record for one in recordings(shipped())}


def test_a_copy_does_not_ask_for_the_alerts_of_prometheus() -> None:
    assert not [copy["title"] for copy in COPIES if "ALERTS" in expr(copy)]


def test_copies_ask_for_what_is_exported_in_promql(tmp_path: Path) -> None:
    exported = Exported.of(shipped())
    assert {found for copy in COPIES for found in exported.missing(expr(copy))} == set()
    assert check_rules((expr(copy) for copy in COPIES), tmp_path) == ""


def test_whatever_a_query_gives_back_fires_and_nothing_is_all_well() -> None:
    for copy in COPIES:
        asked, fires = copy["data"]
        assert asked["datasourceUid"] == PROVISIONED["datasources"]["datasources"][0]["uid"]
        assert copy["condition"] == fires["refId"] == "B" and fires["datasourceUid"] == "__expr__"
        low, high = fires["model"]["conditions"][0]["evaluator"]["params"]
        assert low < -(10**15) < 10**15 < high
        assert (copy["noDataState"], copy["execErrState"]) == ("OK", "Error")


def test_annotations_are_templates_that_grafana_can_fill_in() -> None:
    """It has no `query` and no single value, and would look for a label's `$` in its environment."""
    for copy in COPIES:
        for text in copy["annotations"].values():
            templates = re.findall(r"\{\{(.*?)\}\}", text)
            assert not [one for one in templates if re.search(r"\|\s*query\b|\$value\b", one)], text
        assert not [value for value in copy["labels"].values() if "$" in value or "{{" in value]


# -- The rest ---------------------------------------------------------------------------------------------


def test_the_data_source_is_the_one_that_dashboards_take_at_first() -> None:
    [source] = PROVISIONED["datasources"]["datasources"]
    assert f'"value": "{source["uid"]}"' in TEXTS["grafana/dashboards/overview.json"]
    assert (source["name"], source["type"], source["isDefault"]) == ("Prometheus", "prometheus", True)


def test_the_data_source_knows_how_often_is_scraped() -> None:
    prometheus = YAML(typ="safe").load((ROOT / "grafana/prometheus/prometheus.yml").read_text())
    [source] = PROVISIONED["datasources"]["datasources"]
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def test_dashboards_lie_where_they_are_mounted() -> None:
    compose = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
    volumes = compose["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{DASHBOARDS}:ro" in volumes
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in volumes
    [provider] = PROVISIONED["dashboards"]["providers"]
    assert provider["options"]["path"] == DASHBOARDS


@pytest.mark.parametrize("path", TEXTS)
def test_every_file_says_near_its_beginning_that_it_is_generated(path: str) -> None:
    assert "DO NOT EDIT" in TEXTS[path][:300]
    assert not path.endswith(".yaml") or TEXTS[path].startswith(NOTICE)


def test_the_readme_of_grafana_names_every_file() -> None:
    text = (ROOT / "grafana" / "README.md").read_text()
    assert [path for path in TEXTS if Path(path).name not in text] == []
