"""docs/intake/README.md names every vendor, every answer and every refusal of a signature that there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import streams.intake
from streams.intake.signatures import REASONS
from streams.intake.vendors import VENDORS
from streams.settings import PREFIX
from tests.pages import DOCS, table

PAGE = DOCS / "intake" / "README.md"
OF_OTHERS = {202, 400, 500, 503}
"""Accepted; no HTTP; a fault of this software; `unavailable`."""


def refused() -> Iterator[int]:
    """The status of every `Refusal(...)` in the code."""
    for file in Path(streams.intake.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                status = node.args[0]
                assert isinstance(status, ast.Constant) and isinstance(status.value, int)
                yield status.value


def test_the_page_tells_every_answer() -> None:
    told = {int(status) for row in table(PAGE, "answers") for status in row[0].split(",")}
    assert told == OF_OTHERS | set(refused())


def test_the_page_tells_why_a_signature_is_refused() -> None:
    told = [name for row in table(PAGE, "unsigned") for name in re.findall(r"`unsigned_(\w+)`", row[0])]
    assert sorted(told) == sorted(REASONS)


def test_the_page_names_every_vendor_its_address_and_the_setting_with_its_secrets() -> None:
    rows = [(re.sub("`POST (.*)`", r"\1", row[1]), row[3].strip("`")) for row in table(PAGE, "vendors")]
    vendors = [(f"/{vendor.name}", f"{PREFIX}{vendor.setting.upper()}") for vendor in VENDORS]
    assert sorted(rows) == sorted([*vendors, ("/events", f"{PREFIX}INTAKE_TOKENS")])
