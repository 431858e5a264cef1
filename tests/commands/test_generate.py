"""`kpi generate`: writes what follows from the catalog, and tells what does not follow from it any more."""

from pathlib import Path

import pytest

from streams.commands.generate import Outdated, check, generate
from streams.generate.reference import DIRECTORY, MARKER
from tests.builders import plan_of, shipped
from tests.commands.runs import kpi
from tests.schemas.test_catalog import SMALL

SMALL_PAGES = [f"{DIRECTORY}/{name}.md" for name in ("README", "volume", "waiting")]


def test_files_are_written_once_and_are_then_as_they_should_be(directory: Path) -> None:
    assert generate("reference", plan_of(SMALL), directory) == SMALL_PAGES
    assert generate("reference", plan_of(SMALL), directory) == []
    check("reference", plan_of(SMALL), directory)


def test_a_file_that_is_missing_changed_or_too_many_is_named(directory: Path) -> None:
    generate("reference", plan_of(SMALL), directory)
    (directory / SMALL_PAGES[0]).unlink()
    with (directory / SMALL_PAGES[1]).open("a") as file:
        file.write("An edit.\n")
    (directory / DIRECTORY / "old.md").write_text(f"{MARKER}\n\n# An old one\n")
    (directory / DIRECTORY / "notes.md").write_text("# Somebody's own\n")
    (directory / DIRECTORY / "more").mkdir()
    with pytest.raises(
        Outdated, match=r"README\.md, .*/old\.md, .*/volume\.md; run `kpi generate reference`"
    ):
        check("reference", plan_of(SMALL), directory)
    assert len(generate("reference", plan_of(SMALL), directory)) == 3
    check("reference", plan_of(SMALL), directory)
    left = sorted(path.name for path in (directory / DIRECTORY).iterdir())
    assert left == ["README.md", "more", "notes.md", "volume.md", "waiting.md"]


def test_the_command_writes_checks_and_refuses_what_it_does_not_know(directory: Path) -> None:
    done = kpi(directory, "generate", "reference", "--into", "site")
    assert (done.status, done.err) == (0, "")
    assert f"{DIRECTORY}/README.md\n" in done.out
    assert kpi(directory, "generate", "reference", "--into", "site", "--check").status == 0
    done = kpi(directory, "generate", "reference", "--check")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"kpi: not as the catalog has it: {DIRECTORY}/README.md, ")
    done = kpi(directory, "generate", "poems")
    assert done.status == 1
    assert done.err.startswith("kpi: 'poems' is nothing that can be made; known: ")


def test_the_pages_of_the_catalog_that_we_ship_are_many(directory: Path) -> None:
    assert len(generate("reference", shipped(), directory)) == 1 + len(shipped().catalog.kpis)
