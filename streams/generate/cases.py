"""Cases for `promtool test rules`: for every rule when it fires, and when it does not."""

from collections.abc import Sequence
from typing import Final

from schemas.words import Span
from streams.engine.plan import Plan
from streams.generate.blocks import yaml_text
from streams.generate.case import Scenario
from streams.generate.guardrail_cases import STEP, guardrail_scenarios
from streams.generate.kpi_cases import kpi_scenarios
from streams.generate.pipeline_cases import pipeline_scenarios
from streams.generate.special_cases import special_scenarios

DIRECTORY: Final = "grafana/prometheus/tests"
NOTICE: Final = "# DO NOT EDIT: made from the catalog by `kpi generate rules`.\n"


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text."""
    of_pipeline = [*pipeline_scenarios(plan), *special_scenarios(plan)]
    return {
        f"{DIRECTORY}/kpis.yaml": _text("kpis", kpi_scenarios(plan)),
        f"{DIRECTORY}/guardrails.yaml": _text("kpis", guardrail_scenarios(plan), STEP),
        f"{DIRECTORY}/pipeline.yaml": _text("pipeline", of_pipeline),
    }


def _text(rules: str, scenarios: Sequence[Scenario], step: Span = "1m") -> str:
    document = {
        "rule_files": [f"../rules/{rules}.yaml"],
        "evaluation_interval": step,
        "tests": [one.part() for one in scenarios if one.cases],
    }
    return NOTICE + yaml_text(document)
