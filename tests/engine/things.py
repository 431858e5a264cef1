"""Small catalogs with one subject, called thing."""

from textwrap import dedent, indent

from streams.engine.plan import Plan
from tests.builders import plan_of


def catalog(subject: str, zone: str = "UTC", kpi: str = "") -> str:
    """The text of a catalog: `subject` and `kpi` are YAML, from any indentation on."""
    return (
        dedent(f"""\
        version: 1
        time_zone: {zone}
        currency: {{report: USD, rates: {{EUR: {{rate: 1.10}}}}}}
        dimensions: {{channel: {{keeps: first, members: 20}}, plan: {{keeps: as_was, members: 20}}}}
        subjects:
          thing:
        """)
        + indent(dedent(subject), "    ")
        + ("kpis:\n" + indent(dedent(kpi), "  ") if kpi else "kpis: {}\n")
    )


def plan(subject: str, **how: str) -> Plan:
    return plan_of(catalog(subject, **how))


def with_measures(facts: str, *measures: str, **how: str) -> Plan:
    """The plan of a thing with these facts and measures, one line each."""
    return plan(dedent(facts) + "measures:\n" + "".join(f"  {line}\n" for line in measures), **how)
