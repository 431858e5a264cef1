"""`kpi generate asyncapi`: files are written, found to be as they should be, and deleted only when ours."""

from pathlib import Path

import pytest

from streams.commands.generate import Outdated, check, generate
from streams.generate.json_schemas import MARKER
from tests.builders import plan_of, shipped
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
    done = kpi(directory, "generate", "asyncapi", "--into", "made")
    assert (done.status, len(done.out.splitlines())) == (0, 43)
    assert kpi(directory, "generate", "asyncapi", "--into", "made", "--check").status == 0
    (directory / "made" / "docs" / "asyncapi.yaml").write_text("asyncapi: 2.0.0\n")
    (directory / "made" / "schemas" / "json" / "crm.deal.won.json").unlink()
    done = kpi(directory, "generate", "asyncapi", "--into", "made", "--check")
    assert (done.status, done.err) == (
        1,
        "kpi: not as the catalog has it: docs/asyncapi.yaml, schemas/json/crm.deal.won.json; "
        "run `kpi generate asyncapi`\n",
    )
    assert (directory / "made" / "docs" / "asyncapi.yaml").read_text() == "asyncapi: 2.0.0\n"


def test_a_catalogs_own_types_are_written_too(directory: Path) -> None:
    (directory / "my.yaml").write_text(OWN)
    done = kpi(directory, "generate", "asyncapi", "--catalog", "my.yaml")
    assert "schemas/json/crm.x.demo.held.json\n" in done.out, done.err
    assert "crm.x.demo.held.binary" in (directory / "docs" / "asyncapi.yaml").read_text()


def test_a_schema_that_is_no_longer_made_is_deleted_and_what_is_not_ours_stays(directory: Path) -> None:
    generate("asyncapi", shipped(), directory)
    generate("asyncapi", plan_of(OWN), directory)
    of_own = directory / "schemas" / "json" / "crm.x.demo.held.json"
    assert of_own.read_text().startswith(MARKER)
    mine = of_own.with_name("mine.json")
    mine.write_text("{}")
    with pytest.raises(Outdated, match=r"crm\.x\.demo\.held\.json; run"):
        check("asyncapi", shipped(), directory)
    generate("asyncapi", shipped(), directory)
    check("asyncapi", shipped(), directory)
    assert mine.exists() and not of_own.exists()
