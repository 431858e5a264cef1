"""Things with measures: a catalog's facts in one text, its measures line by line."""

from textwrap import dedent

from streams.engine.plan import Plan
from tests.engine.catalogs import plan


def with_measures(facts: str, *measures: str, **how: str) -> Plan:
    """The plan of a thing with these facts and measures."""
    return plan(dedent(facts) + "measures:\n" + "".join(f"  {line}\n" for line in measures), **how)
