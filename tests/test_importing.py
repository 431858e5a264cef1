"""docs/importing.md says what there is: its commands run as they stand there, its mappings are accepted."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from schemas.imports import EventMapping, ImportMapping, Read, Value
from tests.commands.runs import Done, kpi
from tests.imports.runs import imported
from tests.pages import DOCS, README, ROOT, blocks, table

PAGE = DOCS / "importing.md"
BLOCKS: Mapping[str, str] = blocks(PAGE)
RECIPES = [name for name, code in BLOCKS.items() if "events:" in code and name != "deals.yaml"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(BLOCKS["deals.csv"])
    (tmp_path / "deals.yaml").write_text(BLOCKS["deals.yaml"])
    return tmp_path


def ran(folder: Path, command: str) -> Done:
    """`kpi ...` as it stands in the page, perhaps with `> FILE` at its end."""
    words, _, file = command.partition(" > ")
    name, *arguments = shlex.split(words, comments=True)
    assert name == "kpi"
    done = kpi(folder, *arguments)
    if file:
        (folder / file.strip()).write_text(done.out)
    return done


def test_the_guess_is_the_one_that_is_shown(folder: Path) -> None:
    (folder / "deals.yaml").unlink()
    assert ran(folder, BLOCKS["guess"]).status == 0
    assert (folder / "deals.yaml").read_text() == BLOCKS["deals.yaml"]


def test_the_guess_runs_as_it_is_and_after_the_edit(folder: Path) -> None:
    edits = re.findall(r"s\|(.*?)\|(.*?)\|", BLOCKS["edit"])
    assert len(edits) == 2
    edited = BLOCKS["deals.yaml"]
    for old, new in edits:
        edited = re.sub(old, new, edited, flags=re.MULTILINE)
    assert "TODO:" not in edited and "\ntime_zone: America/New_York\n" in edited
    for text, first in ((BLOCKS["deals.yaml"], "09:30"), (edited, "14:30")):
        (folder / "deals.yaml").write_text(text)
        done = ran(folder, BLOCKS["dry-run"])
        assert done.status == 0, done.err
        assert f"2026-01-15T{first}:00.000Z" in done.out


def test_a_fault_is_said_as_it_is_shown(folder: Path) -> None:
    text = BLOCKS["deals.yaml"].replace("deal_id: Deal ID", "deal_id: Deal Id", 1)
    (folder / "deals.yaml").write_text(text)
    done = ran(folder, BLOCKS["dry-run"])
    assert done.err.endswith(BLOCKS["fault"]) and done.status == 1


def test_the_file_that_is_written_is_one_that_replay_takes(folder: Path) -> None:
    write, show = BLOCKS["board"].splitlines()
    assert ran(folder, write).status == 0
    file = shlex.split(show)[2]
    assert len((folder / file).read_text().splitlines()) == 7


@pytest.mark.parametrize(
    ("name", "model"),
    [("keys", ImportMapping), ("read", Read), ("event", EventMapping), ("value", Value)],
)
def test_a_table_has_every_key_and_no_other(name: str, model: type[BaseModel]) -> None:
    assert [row[0].strip("`") for row in table(PAGE, name)] == list(model.model_fields)


ROWS = {
    "steps": "number,account_no,opened_at,closed_at\n1,A,2026-01-02,2026-01-03\n2,B,2026-01-02,\n",
    "zones": "number,account_no,Date,Time\n1,A,02.01.2026,09:30\n",
    "words": "id,created,source\n1,2026-01-02,Web Form\n2,2026-01-02,\n3,2026-01-02,Fair\n",
    "customer": "deal_no,account_no,created\n1,A,2026-01-02\n2,,2026-01-02\n",
    "hash": "E-Mail,created\nann@example.org,2026-01-02\n",
    "join": "deal_no,account_no,sku,created\n1,A,S1,2026-01-02\n2,A,S2,2026-01-02\n",
    "log": "ticket,status,changed_at\n1,new,2026-01-02 10:00\n1,solved,2026-01-02 11:00\n1,open,2026-01-03\n",
    "amounts": 'order_no,account_no,Total,paid\n1,A,"1.234,50 €",2026-01-02\n',
    "survey": "id,account_no,score,answered\n1,A,9,2026-01-02\n2,B,,2026-01-02\n",
}
"""Recipe -> a file that it is for."""
GIVEN: dict[str, list[dict[str, object]]] = {
    "steps": [{}, {}, {}],
    "zones": [{"time": "2026-01-02T08:30:00.000Z"}],
    "words": [{"channel": "web"}, {"channel": "other"}, {"channel": "other"}],
    "customer": [{"customer_id": "account:A"}, {"customer_id": "deal:2"}],
    "hash": [{}],
    "join": [{"amount_minor": 1_999, "currency": "EUR"}, {}],
    "log": [{"type": f"crm.ticket.{step}"} for step in ("created", "resolved", "reopened")],
    "amounts": [{"amount_minor": 123_450}],
    "survey": [{"score": 9}],
}
"""Recipe -> what is in its events, in their order."""


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_gives_what_it_says(name: str, tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("sku,list_price\nS1,19.99\n")
    result = imported(tmp_path, ROWS[name], f"version: 1\nsource: /recipe\n{BLOCKS[name]}")
    assert not result.faults
    for event, given in zip(result.events, GIVEN[name], strict=True):
        assert given.items() <= {**event, **event["data"]}.items()


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    *importing, show = blocks(README)["import"].splitlines()
    for command in importing:
        done = ran(tmp_path, command)
        assert done.status == 0, done.err
    assert (tmp_path / shlex.split(show)[2]).exists()
