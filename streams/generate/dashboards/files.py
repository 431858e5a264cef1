"""All files of Grafana."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from streams.engine.plan import Plan
from streams.generate.dashboards.asked import Query, queries_of
from streams.generate.dashboards.frame import Made, text
from streams.generate.dashboards.groups import TITLES, group_dashboard, names_of
from streams.generate.dashboards.guardrails import comparable, guardrail_dashboard
from streams.generate.dashboards.overview import overview
from streams.generate.dashboards.pipeline import pipeline_dashboard
from streams.naming import PIPELINE

DIRECTORY: Final = "grafana/dashboards"


def texts(plan: Plan) -> Mapping[str, str]:
    """Relative path -> text."""
    return {f"{DIRECTORY}/{name}.json": text(made.dashboard) for name, made in dashboards(plan).items()}


def queries(plan: Plan, window: str | None, dimension: str, member: str) -> Iterator[Query]:
    """Of all dashboards; without a window, with the one that each shows at first."""
    for name, made in dashboards(plan).items():
        windows = made.choices.windows
        asked = window if window and window in windows.options else windows.default
        yield from queries_of(
            name, json.loads(text(made.dashboard)), made.choices.chosen(asked, dimension, member)
        )


def dashboards(plan: Plan) -> dict[str, Made]:
    """Name -> dashboard; those of groups and guardrails only if the catalog has such."""
    groups = [group for group in TITLES if group != PIPELINE and names_of(plan, group)]
    return {
        "overview": overview(plan),
        **{group: group_dashboard(plan, group) for group in groups},
        PIPELINE: pipeline_dashboard(plan),
        **({"guardrails": guardrail_dashboard(plan)} if comparable(plan) else {}),
    }
