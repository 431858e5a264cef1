"""Grafana's dashboards of a catalog, and the files that provision them.

They are made with Grafana's own library, which is installed only where they are made: nothing in here is
imported before it is needed.
"""

from collections.abc import Mapping
from importlib.util import find_spec

from streams.engine.plan import Plan
from streams.errors import MissingPart

INSTALL = "pip install 'crm-kpi-streams[grafana]'"


def texts(plan: Plan) -> Mapping[str, str]:
    """Relative path -> text; MissingPart without the library."""
    if find_spec("grafana_foundation_sdk") is None:
        raise MissingPart(f"Dashboards are made with the package grafana-foundation-sdk: {INSTALL}")
    from streams.generate.dashboards import files

    return files.texts(plan)
