"""docs/operating.md names what there is, no more: metrics, holds, dead letters, settings, log lines."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from aiokafka.errors import KafkaError
from prometheus_client import Counter
from redis.exceptions import RedisError

from schemas.dead_letter import Reason
from streams.generate.recordings import recordings
from streams.intake.signatures import REASONS
from streams.intake.telemetry import ACCEPTED, ASKED, FAILED, OUTCOMES
from streams.intake.telemetry import Telemetry as Webhooks
from streams.naming import RESERVED_GAUGES
from streams.settings import PREFIX, Settings
from streams.worker.condition import reason_of
from streams.worker.telemetry import Telemetry
from tests.builders import shipped
from tests.pages import DOCS, README, ROOT, table

FILE = DOCS / "operating.md"
TEXT = FILE.read_text()
VARIES = "…"


def named(name: str) -> list[str]:
    """What stands as code in the first column of a table."""
    return [code for first, *_ in table(FILE, name) for code in re.findall(r"`([^`]+)`", first)]


def sources() -> Iterator[tuple[str, ast.Module]]:
    """(module, its code) of all that runs."""
    for file in sorted((ROOT / "streams").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(file.read_text())


# -- What there is ----------------------------------------------------------------------------------------


def worker_metrics() -> set[str]:
    """With their labels, as `name{label,label}`."""
    metrics = [one for one in vars(Telemetry()).values() if hasattr(one, "_labelnames")]
    return {_with_labels(metric) for metric in metrics}


def _with_labels(metric: Any) -> str:
    labels = ",".join(metric._labelnames)
    name = metric._name + ("_total" if isinstance(metric, Counter) else "")
    return f"{name}{{{labels}}}" if labels else name


def webhook_metrics() -> set[str]:
    metrics = [one for one in vars(Webhooks([], ())).values() if hasattr(one, "_labelnames")]
    return {_with_labels(metric) for metric in metrics}


def refusals() -> set[str]:
    """The second argument of every `Refusal(...)` that is no variable, and what is not refused."""
    return {ACCEPTED, ASKED, FAILED, *(f"unsigned_{reason}" for reason in REASONS)} | {
        str(node.args[1].value)
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"
        if isinstance(node.args[1], ast.Constant)
    }


def test_the_outcomes_of_requests_are_a_closed_set() -> None:
    assert sorted(OUTCOMES) == sorted(refusals())


def hold_reasons() -> set[str]:
    """The first argument of every `Held(...)`, a text or a constant of its module."""
    return {
        str(reason)
        for module, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Held"
        if (reason := _text(module, node.args[0])) is not None
    }


def _text(module: str, argument: ast.expr) -> str | None:
    """None for a reason that is handed on from elsewhere."""
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    return getattr(import_module(module), argument.id) if isinstance(argument, ast.Name) else None


def dead_letter_reasons() -> set[str]:
    return set(get_args(Reason))


def settings() -> set[str]:
    return {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


THERE_IS: dict[str, Callable[[], set[str]]] = {
    "worker metrics": worker_metrics,
    "board metrics": lambda: set(RESERVED_GAUGES),
    "webhook metrics": webhook_metrics,
    "webhook outcomes": lambda: set(OUTCOMES),
    "holds": hold_reasons,
    "dead letters": dead_letter_reasons,
    "settings": settings,
    "recorded": lambda: {one.record for one in recordings(shipped())},
}


@pytest.mark.parametrize("kind", THERE_IS)
def test_the_table_names_everything_that_there_is_and_nothing_else(kind: str) -> None:
    names = named(kind)
    if kind in ("board metrics", "recorded"):
        names = [name.partition("{")[0] for name in names]
    assert sorted(names) == sorted(THERE_IS[kind]())


def test_the_settings_have_the_defaults_that_the_table_says() -> None:
    """An empty one is told in words."""
    shown = dict(re.findall(rf"^\| `({PREFIX}\w+)` \| (.*?) ?\|", TEXT, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            said = re.sub("[`,]", "", shown[f"{PREFIX}{name.upper()}"])
            assert said == str(field.default).lower() or said == str(field.default), name


def test_the_reasons_of_opening_are_explained() -> None:
    rows = re.search(r"\| reason of `opening` .*\n\|---.*\n((?:\|.*\n)+)", TEXT)
    assert rows is not None
    errors = (RedisError(), KafkaError(), OSError(), ZeroDivisionError())
    assert set(re.findall(r"^\| `(\w+)`", rows[1], re.MULTILINE)) == {reason_of(one) for one in errors}


def test_every_quoted_line_of_the_log_is_one_that_the_code_can_say() -> None:
    said = [
        node.value
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    for line in named("log lines"):
        parts = [part for part in line.split(VARIES) if part]
        assert parts and all(any(part in text for text in said) for part in parts), line


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


PAGES = [README, *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", file.read_text()):
        path, _, anchor = target.partition("#")
        there = file.parent / path if path else file
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target
