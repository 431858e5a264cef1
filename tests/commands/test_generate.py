"""`kpi generate`: files are written, found to be as they should be, and deleted only when they are ours."""

from pathlib import Path

import pytest

from streams.commands.generate import GENERATORS, Files
from tests.builders import shipped
from tests.commands.runs import kpi

OWN = """
version: 1
currency: {report: USD}
events: {crm.x.demo.held: {id: demo_id, required: {demo_id: id}}}
dimensions: {}
subjects: {}
kpis: {}
"""


def test_what_is_written_is_as_it_should_be_until_somebody_edits_it(directory: Path) -> None:
    done = kpi(directory, "generate", "asyncapi", "--out", "made")
    assert (done.status, done.out) == (0, "46 files written\n")
    assert kpi(directory, "generate", "asyncapi", "--out", "made", "--check").status == 0
    (directory / "made" / "docs" / "asyncapi.yaml").write_text("asyncapi: 2.0.0\n")
    (directory / "made" / "schemas" / "json" / "crm.deal.won.json").unlink()
    done = kpi(directory, "generate", "asyncapi", "--out", "made", "--check")
    assert done.status == 1
    assert done.err.splitlines() == [
        "kpi: docs/asyncapi.yaml: differs",
        "schemas/json/crm.deal.won.json: is missing",
        "`kpi generate asyncapi` makes them anew",
    ]
    assert (directory / "made" / "docs" / "asyncapi.yaml").read_text() == "asyncapi: 2.0.0\n"


def test_a_catalogs_own_types_are_written_too(directory: Path) -> None:
    (directory / "my.yaml").write_text(OWN)
    done = kpi(directory, "generate", "asyncapi", "--catalog", "my.yaml")
    assert done.status == 0, done.err
    assert (directory / "schemas" / "json" / "crm.x.demo.held.json").exists()
    assert "crm.x.demo.held.binary" in (directory / "docs" / "asyncapi.yaml").read_text()
    done = kpi(directory, "generate", "asyncapi", "--check")
    assert "schemas/json/crm.x.demo.held.json: is no longer made" in done.err


@pytest.mark.parametrize("name", GENERATORS)
def test_what_is_no_longer_made_is_deleted_and_what_is_not_ours_stays(name: str, directory: Path) -> None:
    files = Files(name, shipped(), directory)
    files.write()
    old, mine = (_beside(directory, name, file) for file in ("old", "mine"))
    old.write_text("# DO NOT EDIT: made by somebody like us\n")
    mine.write_text("{}")
    assert files.differences() == [f"{old.relative_to(directory)}: is no longer made"]
    files.write()
    assert files.differences() == []
    assert mine.exists() and not old.exists()


def _beside(directory: Path, name: str, file: str) -> Path:
    """A file that a pattern of the generator finds."""
    pattern = next(pattern for pattern in GENERATORS[name].owns if "*" in pattern)
    return directory / pattern.replace("*", file)
