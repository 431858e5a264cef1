"""Cases for `promtool test rules`: for every rule when it fires, and when it does not."""

from collections.abc import Sequence
from typing import Final

from streams.engine.plan import Plan
from streams.generate.blocks import yaml_text
from streams.generate.case import Scenario
from streams.generate.kpi_cases import kpi_scenarios

DIRECTORY: Final = "grafana/prometheus/tests"
NOTICE: Final = "# DO NOT EDIT: made from the catalog by `kpi generate rules`.\n"


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text."""
    return {f"{DIRECTORY}/kpis.yaml": _text("kpis", kpi_scenarios(plan))}


def _text(rules: str, scenarios: Sequence[Scenario]) -> str:
    document = {
        "rule_files": [f"../rules/{rules}.yaml"],
        "evaluation_interval": "1m",
        "tests": [one.part() for one in scenarios if one.cases],
    }
    return NOTICE + yaml_text(document)
