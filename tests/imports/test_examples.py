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

PIPELINE = opportunities.FOLDER / "sales_pipeline.csv"
CONVERTERS: dict[Path, Callable[[], Converted]] = {
    PIPELINE: opportunities.converted,
    helpdesk.FILE: lambda: helpdesk.converted(ZoneInfo("Europe/Rome")),
}


@pytest.fixture(scope="module", params=CONVERTERS, ids=lambda file: file.parent.name)
def file(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def expected(file: Path) -> Converted:
    return CONVERTERS[file]()


@pytest.fixture(scope="module")
def lines(file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What is imported of the file."""
    directory = tmp_path_factory.mktemp("imported")
    done = imported(file, directory, "--out", "events.ndjson")
    assert done.status == 0, done.err
    return (directory / "events.ndjson").read_bytes().splitlines()


def imported(file: Path, directory: Path, *options: str) -> Done:
    return kpi(directory, "import", str(file), "--mapping", str(file.parent / "mapping.yaml"), *options)


def canonical(lines: Iterable[bytes]) -> list[str]:
    return sorted(json.dumps(json.loads(line), sort_keys=True) for line in lines)


def test_an_example_gives_the_events_of_its_converter(lines: list[bytes], expected: Converted) -> None:
    assert canonical(lines) == canonical(expected.lines)


def test_no_name_of_an_account_or_a_person_gets_into_an_event(lines: list[bytes]) -> None:
    pipeline = list(rows(PIPELINE))
    names = {row[column] for row in pipeline for column in ("account", "sales_agent")} - {""}
    text = b"\n".join(lines).decode()
    assert len(names) > 100 and not [name for name in names if name in text]


def test_an_example_says_how_many_events_it_gives(file: Path, expected: Converted) -> None:
    written = re.search(r"--out events.ndjson +# ([\d,]+) events", (file.parent / "README.md").read_text())
    assert written and written[1] == f"{len(expected.lines):,}"


def test_a_dry_run_of_an_example_skips_nothing_and_writes_nothing(
    file: Path, expected: Converted, tmp_path: Path
) -> None:
    done = imported(file, tmp_path, "--dry-run")
    assert done.status == 0 and "skipped" not in done.out
    assert f"{len(expected.lines):,}" in done.out
    assert not list(tmp_path.iterdir())
