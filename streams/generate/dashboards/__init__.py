"""Grafana's dashboards of a catalog, and the files that provision them.

They are made with Grafana's own library, which is installed only where they are made: what needs it is not
imported before.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from streams.engine.plan import Plan
from streams.errors import MissingPart
from streams.generate.dashboards import provisioning
from streams.generate.dashboards.asked import Query
from streams.naming import ALL

INSTALL = "pip install 'crm-kpi-streams[grafana]'"


def texts(plan: Plan) -> Mapping[str, str]:
    """Relative path -> text; MissingPart without the library."""
    _check_installed()
    from streams.generate.dashboards import files

    return {**files.texts(plan), **provisioning.texts(plan)}


def queries(
    plan: Plan, window: str | None = None, dimension: str = ALL, member: str = ALL
) -> Sequence[Query]:
    """What all panels, variables and annotations ask of Prometheus, for a window and a slice.

    A dashboard that lacks the window, and each without one, asks for what it shows at first.
    """
    _check_installed()
    from streams.generate.dashboards import files

    return list(files.queries(plan, window, dimension, member))


def _check_installed() -> None:
    if find_spec("grafana_foundation_sdk") is None:
        raise MissingPart(f"Dashboards are made with the package grafana-foundation-sdk: {INSTALL}")
