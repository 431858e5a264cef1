"""The worked examples say the same as converters that know nothing of `kpi import`, event by event.

Equal events are equal readings, and those of the converters are held against SQL by tests/data.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.commands.runs import Done, kpi
from tests.data import helpdesk, opportunities
from tests.data.lines import Converted, rows

EXPECTED: dict[Path, Callable[[], Converted]] = {
    opportunities.FOLDER / "sales_pipeline.csv": opportunities.converted,
    helpdesk.FILE: lambda: helpdesk.converted(ZoneInfo("Europe/Rome")),
}
IDS = [file.parent.name for file in EXPECTED]


def imported(file: Path, directory: Path, *options: str) -> Done:
    return kpi(directory, "import", str(file), "--mapping", str(file.parent / "mapping.yaml"), *options)


def canonical(lines: Iterable[bytes]) -> list[str]:
    return sorted(json.dumps(json.loads(line), sort_keys=True) for line in lines)


@pytest.mark.parametrize("file", EXPECTED, ids=IDS)
def test_an_example_gives_the_events_of_its_converter(file: Path, tmp_path: Path) -> None:
    done = imported(file, tmp_path, "--out", "events.ndjson")
    assert done.status == 0, done.err
    lines = (tmp_path / "events.ndjson").read_bytes().splitlines()
    assert canonical(lines) == canonical(EXPECTED[file]().lines)


@pytest.mark.parametrize("file", EXPECTED, ids=IDS)
def test_an_example_says_how_many_events_it_gives(file: Path) -> None:
    written = re.search(r"--out events.ndjson +# ([\d,]+) events", (file.parent / "README.md").read_text())
    assert written and int(written[1].replace(",", "")) == len(EXPECTED[file]().lines)


@pytest.mark.parametrize("file", EXPECTED, ids=IDS)
def test_a_dry_run_of_an_example_skips_nothing_and_writes_nothing(file: Path, tmp_path: Path) -> None:
    done = imported(file, tmp_path, "--dry-run")
    assert done.status == 0 and "skipped" not in done.out
    assert f"{len(EXPECTED[file]().lines):,}" in done.out
    assert not list(tmp_path.iterdir())


def test_no_name_of_an_account_or_a_person_gets_into_an_event(tmp_path: Path) -> None:
    imported(opportunities.FOLDER / "sales_pipeline.csv", tmp_path, "--out", "events.ndjson")
    text = (tmp_path / "events.ndjson").read_text()
    named = rows(opportunities.FOLDER / "sales_pipeline.csv")
    names = {name for row in named for name in (row["account"], row["sales_agent"]) if name}
    assert len(names) > 100
    assert not [name for name in names if name in text]
