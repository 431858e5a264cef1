"""Prometheus' rules: promtool finds them right, and their cases find every wrong one."""

import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streams.commands.generate import Files
from streams.engine.plan import Plan
from streams.generate.alerts import alert_rules
from streams.generate.recordings import recordings
from streams.generate.rules import texts
from streams.naming import GUARDRAIL_ALERT, ON_TARGET_RECORD, PIPELINE_ALERTS
from tests.builders import CATALOG, plan_of, shipped
from tests.generate.exported import Exported
from tests.generate.promtool import promtool, run_cases

ROOT = Path(__file__).parents[2]
SUMMED = re.sub(
    r"^links:.*\n^pipeline:\n(  .*\n)+", "", CATALOG.read_text().partition("\nkpis:\n")[0], flags=re.M
)
JUDGED = Path(__file__).with_name("rules.yaml").read_text()
OTHER = plan_of(f"{SUMMED}\n{JUDGED}")
"""A catalog with every way to judge."""


def made(plan: Plan, directory: Path) -> Path:
    """A directory with the rules of a plan, and their cases."""
    Files("rules", plan, directory).write()
    return directory


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(OTHER, tmp_path_factory.mktemp("other"))


def test_the_shipped_rules_are_found_right() -> None:
    assert promtool("check", "rules", *sorted(ROOT.glob("grafana/prometheus/rules/*.yaml"))) == ""


def test_every_case_of_the_shipped_rules_comes_out_as_the_catalog_says() -> None:
    assert run_cases(ROOT) == ""


def test_every_case_of_another_catalog_comes_out_as_it_says(other: Path) -> None:
    assert run_cases(other) == ""


WRONG = {
    "a value at the threshold fires": (r"\) < 20$", ") <= 20"),
    "a value beyond it does not": (r"\) < 10$", ") < 9"),
    "few samples suffice": (r">= 12$", ">= 11"),
    "more samples are wanted": (r">= 12$", ">= 13"),
    "it fires sooner": (r"for: 3m", "for: 2m"),
    "it fires later": (r"^        for: 4m", "        for: 5m"),
    "it ends sooner": (r"keep_firing_for: 7m", "keep_firing_for: 6m"),
    "it ends later": (r"keep_firing_for: 7m", "keep_firing_for: 8m"),
    "it is over where it began": (r"\) < 30$", ") < 20"),
    "what is critical lasts as long as a warning": (
        r"\) < 20(\n +and on .*\n +ALERTS.*critical)",
        r") < 30\1",
    ),
    "a warning ends where it began": (r"\) < 30(\n +and on .*\n +ALERTS.*warning)", r") < 20\1"),
    "it begins where it is over": (r"and on \(window, dimension, member\)\n +ALERTS.*\n", ""),
    "what is pending lasts as if it fired": (r'alertstate="firing"', 'alertstate=~"firing|pending"'),
    "a warning that lasts becomes critical": (r', severity="critical"\}', "}"),
    "one window's alert holds up another's": (
        r"on \(window, dimension, member\)\n( +ALERTS)",
        r"on (member)\n\1",
    ),
    "of two boards the healthier is believed": (r"min by", "max by"),
    "of two boards the healthier is believed of what should be low": (r"max by", "min by"),
    "another series' bound is judged": (r'kpi="kept", state="", bound', 'kpi="kept", bound'),
    "the worse bound is judged": (r'bound="upper"', 'bound="lower"'),
    "another quantile is judged too": (r'seconds\{quantile="0.9", ', "seconds{"),
    "another window is judged too": (
        r'crm_leads_made\{window=~"24h\|7d"',
        'crm_leads_made{window=~"24h|7d|30d"',
    ),
    "a window is not judged": (r'window=~"24h\|7d"', 'window="24h"'),
    "a dimension is not judged": (r'dimension=~"all\|channel\|team"', 'dimension=~"all|channel"'),
    "what is folded is judged": (r', member!="other"', ""),
    "slices are judged where only the whole is": (r'window="30d", dimension="all"', 'window="30d"'),
    "money is told without its currency": (r"USD \{\{ \$value", "{{ $value"),
    "the samples are not told": (r" From \{\{ with.*samples", " From some samples"),
    "the member is not told": (r"\{\{ \$labels.member \}\}", ""),
    "a link is broken": (r"\| urlquery", ""),
    "the severity is another": (r"severity: critical", "severity: warning"),
}
"""What is wrong -> what is done to the rules of the KPIs."""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_rule_of_a_kpi_is_found(wrong: str, other: Path, tmp_path: Path) -> None:
    changed(other, tmp_path, "kpis", WRONG[wrong])
    assert run_cases(tmp_path, "kpis") != ""


def test_an_alert_that_ends_before_it_is_told_that_no_board_answers_is_found(
    other: Path, tmp_path: Path
) -> None:
    changed(other, tmp_path, "kpis", (r"keep_firing_for: 4m", "keep_firing_for: 3m"))
    assert run_cases(tmp_path, "outage") != ""


WRONG_OF_GUARDRAILS = {
    "breaches of slices are told": (r', dimension="all"\}\) == 1', "}) == 1"),
    "a breach in one window is told": (r">= 2$", ">= 1"),
    "a window is not looked at": (
        r'window=~"24h\|7d", dimension="all"\}\) == 1$',
        'window="7d", dimension="all"}) == 1',
    ),
    "the title is another's": (r"\$labels.guardrail \| query \}\}\{\{ \. ", "$labels.kpi | query }}{{ . "),
    "nobody knows whose the breach is": (r"group_left \(owner, group\)", "group_left (group)"),
}


@pytest.mark.parametrize("wrong", WRONG_OF_GUARDRAILS)
def test_a_wrong_rule_of_guardrails_is_found(wrong: str, other: Path, tmp_path: Path) -> None:
    changed(other, tmp_path, "kpis", WRONG_OF_GUARDRAILS[wrong])
    assert run_cases(tmp_path, "guardrails") != ""


WRONG_OF_PIPELINE = {
    "CrmNoFreshEvent": (r'or\n +ALERTS\{alertname="CrmNoFreshEvent".*', ""),
    "CrmSourceSilent": (r"> 3 \* min by", "> 0 * min by"),
    "CrmPartitionsStale": (r"max\(crm_partitions_stale\) > 0", "max(crm_partitions_stale) > 2"),
    "CrmPartitionHeld": (r"max by \(partition, reason\)", "max by (partition)"),
    "CrmWorkersDown": (r"absent\(crm_kafka_up\)", "absent(up)"),
    "CrmBoardsDown": (r"absent\(crm_partitions_stale\)", "absent(crm_partitions_stale == 1)"),
    "CrmProcessDown": (r'job=~"crm-worker\|crm-board"', 'job="crm-board"'),
    "CrmKafkaDown": (r"max\(crm_kafka_up\)", "min(crm_kafka_up)"),
    "CrmLag": (r"lag_records\) > 10$", "lag_records) >= 10"),
    "CrmCommitsSlow": (r"> 1$", ">= 1"),
    "CrmCommitFailures": (r"(crm_partition_errors_total)\n( +)unless", r"\1 * 2\n\2unless"),
    "CrmFenced": (r"fenced_total\[15m\]\)\) > 5", "fenced_total[14m])) > 6"),
    "CrmRecordsLost": (r"(unless last_over_time\(crm_records_lost_total.*\n) +and on \(job\).*\n", r"\1"),
    "CrmRecordsMisplaced": (r"increase\((crm_records_misplaced_total)\[1h\]\)", r"\1 * 0"),
    "CrmRedisMemory": (r"> 0.8$", ">= 0.8"),
    "CrmWebhooksDown": (r"(max_over_time\(crm_intake_up\[1d\]\)\)) unless max.*", r"\1 > 1"),
    "CrmWebhooksRefused": (r"\|asked", ""),
    "CrmRulesFail": (
        r"rule_evaluation_failures_total\[15m\]",
        "rule_evaluation_failures_total[15m] offset 1h",
    ),
    "CrmAlertmanagerDown": (r'up\{job="alertmanager"\} == 0', 'up{job="alertmanager"} == 1'),
    "CrmAlertsNotSent": (
        r"notifications_dropped_total\[15m\]\)\) > 0",
        "notifications_dropped_total[15m])) > 9",
    ),
}
"""Alert -> what is done to its rules."""


def test_wrong_rules_of_the_pipeline_are_all_found(other: Path, tmp_path: Path) -> None:
    """They do not touch each other, so one run tells of all."""
    changed(other, tmp_path, "pipeline", *WRONG_OF_PIPELINE.values())
    said = run_cases(tmp_path, "pipeline")
    assert set(re.findall(r"alertname: (\w+)", said)) == WRONG_OF_PIPELINE.keys()
    assert WRONG_OF_PIPELINE.keys() | {GUARDRAIL_ALERT} == set(PIPELINE_ALERTS)


WRONG_OF_SILENCE = {
    "a board that hangs makes it long": (r"time\(\) - max", "time() - min"),
    "what is usual does not matter": (r"> 2 \* \(", "> 0 * ("),
    "a day on which all stood still makes the next one usual": (
        r"quantile_over_time\(0.9",
        "quantile_over_time(1",
    ),
    "nobody ever knows what is usual": (r"offset 8d", "offset 80d"),
}


@pytest.mark.parametrize("wrong", WRONG_OF_SILENCE)
def test_a_wrong_rule_of_silence_is_found(wrong: str, other: Path, tmp_path: Path) -> None:
    changed(other, tmp_path, "pipeline", WRONG_OF_SILENCE[wrong])
    assert run_cases(tmp_path, "silence") != ""


def changed(right: Path, wrong: Path, name: str, *changes: tuple[str, str]) -> None:
    """Copy rules and cases, with other texts in place of all in one file that fit."""
    shutil.copytree(right, wrong, dirs_exist_ok=True)
    file = wrong / f"grafana/prometheus/rules/{name}.yaml"
    text = file.read_text()
    for old, new in changes:
        other = re.sub(old, new, text, flags=re.MULTILINE)
        assert other != text, f"nothing was changed: {old}"
        text = other
    file.write_text(text)


# -- What they speak of -----------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [shipped(), OTHER], ids=["shipped", "other"])
def test_rules_ask_for_what_board_and_worker_export(plan: Plan) -> None:
    """A series that is recorded is exported by Prometheus."""
    exported = Exported.of(plan)
    exprs = [*(rule.expr for rule in alert_rules(plan)), *(one.expr for one in recordings(plan))]
    missing = {found for expr in exprs for found in exported.missing(expr) if not found.startswith("crm:")}
    assert missing == set()


@pytest.mark.parametrize("plan", [shipped(), OTHER], ids=["shipped", "other"])
def test_a_rule_is_known_by_its_name_and_severity(plan: Plan) -> None:
    known = [(rule.name, rule.severity) for rule in alert_rules(plan)]
    assert len(known) == len(set(known))


def test_every_rule_has_the_labels_that_routes_and_people_need() -> None:
    for rule in alert_rules(shipped()):
        own = {"severity", "owner", "group"} if rule.name != GUARDRAIL_ALERT else {"severity"}
        assert own <= rule.labels.keys()
        assert rule.annotations.keys() == {"summary", "description", "board_url", "runbook_url"}
        assert ("kpi" in rule.labels) == (rule.name not in PIPELINE_ALERTS)


def test_the_names_of_the_pipelines_alerts_are_kept_from_kpis() -> None:
    assert {rule.name for rule in alert_rules(shipped()) if not rule.kpi} == set(PIPELINE_ALERTS)


def test_numbers_are_stale_where_events_are_not_counted_and_not_where_work_is_slow() -> None:
    assert {(rule.name, rule.severity) for rule in alert_rules(shipped()) if rule.stale} == {
        (name, "critical")
        for name in (
            *("CrmNoFreshEvent", "CrmPartitionsStale", "CrmPartitionHeld"),
            *("CrmWorkersDown", "CrmBoardsDown", "CrmKafkaDown", "CrmLag"),
        )
    }


def test_the_kpis_that_page_somebody_have_an_alert() -> None:
    """Those that the design names."""
    alerted = {rule.kpi for rule in alert_rules(shipped()) if rule.severity == "critical"}
    assert alerted >= {
        *("lead_response", "leads_waiting", "first_response", "backlog", "churn", "retention"),
        *("csat", "nps", "availability", "dead_letter_share"),
    }


def test_on_target_is_the_final_number_where_there_is_one() -> None:
    exprs = [one.expr for one in recordings(shipped()) if one.record == ON_TARGET_RECORD]
    assert any('state="final"' in expr for expr in exprs)
    assert not any('state="provisional"' in expr for expr in exprs)


def test_a_long_expression_is_a_block_of_short_lines() -> None:
    for path, text in texts(shipped()).items():
        for group in YAML(typ="safe").load(text)["groups"]:
            for rule in group["rules"]:
                longest = max(map(len, rule["expr"].splitlines()))
                assert longest <= 125, (path, rule["expr"])


def test_a_catalog_without_alerts_and_guardrails_has_rules_of_the_pipeline_only(tmp_path: Path) -> None:
    bare = re.sub(r"    alerts:\n(      - .*\n)+|    guardrails: .*\n", "", JUDGED)
    plan = plan_of(f"{SUMMED}\n{bare}")
    assert {rule.group for rule in alert_rules(plan)} == {"pipeline"}
    assert run_cases(made(plan, tmp_path)) == ""
