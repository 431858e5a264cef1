"""Small catalogs of one subject, for tests of what can be written in one."""

from textwrap import dedent, indent

from streams.engine.plan import Plan
from tests.builders import plan_of

DIMENSIONS = "{channel: {keeps: first, members: 20}, plan: {keeps: as_was, members: 20}}"


def catalog(
    subject: str, zone: str = "UTC", kpi: str = "", dimensions: str = DIMENSIONS, business_hours: str = ""
) -> str:
    """A catalog with one subject, called thing."""
    lines = [
        "version: 1",
        f"time_zone: {zone}",
        "currency: {report: USD, rates: {EUR: {rate: 1.10}}}",
        f"dimensions: {dimensions}",
        f"business_hours: {business_hours}" if business_hours else "",
        "subjects:",
        "  thing:",
        indent(dedent(subject), "    "),
        "kpis:\n" + indent(dedent(kpi), "  ") if kpi else "kpis: {}",
    ]
    return "\n".join(lines)


def plan(subject: str, **how: str) -> Plan:
    return plan_of(catalog(subject, **how))
