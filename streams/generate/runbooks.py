"""Runbooks: a page for each alert, for whoever is woken by it, and an index."""

from itertools import groupby
from typing import Final

from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.alerts import alert_rules

DIRECTORY: Final = "docs/runbooks"
MARKER: Final = "<!-- DO NOT EDIT: made from the catalog by `kpi generate runbooks`. -->"


def texts(plan: Plan) -> dict[str, str]:
    """Relative path -> text."""
    pages = {
        f"{DIRECTORY}/{name}.md": _page(name, list(rules))
        for name, rules in groupby(alert_rules(plan), key=lambda rule: rule.name)
    }
    names = [path.removeprefix(f"{DIRECTORY}/") for path in pages]
    index = "\n".join(f"- [{name.removesuffix('.md')}]({name})" for name in names)
    return {f"{DIRECTORY}/README.md": f"{MARKER}\n\n# Runbooks\n\n{index}\n", **pages}


def _page(name: str, rules: list[AlertRule]) -> str:
    said = "\n\n".join(f"{rule.severity}: `{' '.join(rule.expr.split())}`" for rule in rules)
    return f"{MARKER}\n\n# {name}\n\n{said}\n"
