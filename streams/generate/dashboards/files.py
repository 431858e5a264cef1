"""All files of Grafana."""

from collections.abc import Mapping
from typing import Final

from streams.engine.plan import Plan
from streams.generate.dashboards.frame import text
from streams.generate.dashboards.groups import TITLES, group_dashboard, names_of

DIRECTORY: Final = "grafana/dashboards"


def texts(plan: Plan) -> Mapping[str, str]:
    """Relative path -> text."""
    return {
        f"{DIRECTORY}/{group}.json": text(group_dashboard(plan, group))
        for group in TITLES
        if names_of(plan, group)
    }
