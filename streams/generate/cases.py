"""Cases for `promtool test rules`: for every rule when it fires, and when it does not."""

from collections.abc import Sequence
from typing import Final

from schemas.words import Span
from streams.engine.plan import Plan
from streams.generate.blocks import yaml_text
from streams.generate.case import Part, Scenario
from streams.generate.guardrail_cases import STEP, guardrail_scenarios
from streams.generate.kpi_cases import kpi_scenarios
from streams.generate.outage_cases import outage_scenarios
from streams.generate.pipeline_cases import pipeline_scenarios
from streams.generate.recording_cases import recording_tests
from streams.generate.silence_cases import STEP as SILENCE_STEP
from streams.generate.silence_cases import silence_scenarios
from streams.generate.special_cases import special_scenarios

DIRECTORY: Final = "grafana/prometheus/tests"
NOTICE: Final = "# DO NOT EDIT: made from the catalog by `kpi generate rules`.\n"


def texts(plan: Plan) -> dict[str, str]:
    """Path -> text."""
    of_pipeline = [*pipeline_scenarios(plan), *special_scenarios(plan)]
    return {
        f"{DIRECTORY}/kpis.yaml": _alerts(["kpis"], kpi_scenarios(plan)),
        f"{DIRECTORY}/guardrails.yaml": _alerts(["kpis"], guardrail_scenarios(plan), STEP),
        f"{DIRECTORY}/pipeline.yaml": _alerts(["pipeline"], of_pipeline),
        f"{DIRECTORY}/outage.yaml": _alerts(["kpis", "pipeline"], outage_scenarios(plan)),
        f"{DIRECTORY}/silence.yaml": _alerts(["pipeline"], silence_scenarios(plan), SILENCE_STEP),
        f"{DIRECTORY}/recording.yaml": _text(("pipeline", "recording"), recording_tests(plan)),
    }


def _alerts(rules: Sequence[str], scenarios: Sequence[Scenario], step: Span = "1m") -> str:
    return _text(rules, [one.part() for one in scenarios if one.cases], step)


def _text(rules: Sequence[str], tests: Sequence[Part], step: Span = "1m") -> str:
    document = {
        "rule_files": [f"../rules/{name}.yaml" for name in rules],
        "evaluation_interval": step,
        "tests": tests,
    }
    return NOTICE + yaml_text(document)
