"""The mapping in force: where it stands, what is said of a bad one, and that the shipped one is whole."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from schemas.intake import Intake, parse
from streams.errors import MappingError, SettingsError
from streams.intake.mapping import mapping_text, read_mapping
from streams.settings import Settings


def test_the_shipped_mapping_is_what_the_models_say_by_themselves() -> None:
    text, name = mapping_text(Settings())
    assert (name, read_mapping(text, name).intake) == ("intake.yaml", Intake(version=1))


def test_the_shipped_mapping_writes_everything_out() -> None:
    written = YAML(typ="safe").load(mapping_text(Settings())[0])
    by_models = Intake(version=1).model_dump(mode="json", by_alias=True)
    assert _paths(written) == _paths(by_models)


def _paths(node: Any, path: str = "") -> set[str]:
    """Of all keys."""
    if not isinstance(node, dict):
        return set()
    below = {key: _paths(value, f"{path}.{key}") for key, value in node.items()}
    return {f"{path}.{key}" for key in node}.union(*below.values())


def test_a_mapping_of_ones_own_is_read_from_where_the_setting_says(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: 1\n")
    settings = Settings(intake_mapping=file)
    assert mapping_text(settings) == ("version: 1\n", str(file))
    file.unlink()
    with pytest.raises(SettingsError, match=r"mine\.yaml: No such file"):
        mapping_text(settings)


def test_what_is_wrong_is_told_with_its_path_line_and_remedy() -> None:
    text = "version: 1\nstripe: {}\nhubspott: {}\nzendesk:\n  rezolved: [x]\n"
    with pytest.raises(MappingError) as told:
        read_mapping(text, "mine.yaml")
    assert str(told.value) == (
        "mine.yaml: line 3: hubspott: unknown field 'hubspott'; did you mean 'hubspot'?"
    )
    with pytest.raises(
        MappingError, match=r"mine\.yaml: line 5: zendesk\.rezolved: .* did you mean 'resolved'\?"
    ):
        read_mapping(text.replace("hubspott", "hubspot"), "mine.yaml")


@pytest.mark.parametrize("text", ["", "[]", "7", "version: 2", "version: 1\nhubspot: 7", "a: [", "\x00"])
def test_whatever_the_text_is_it_is_refused_with_a_line(text: str) -> None:
    parsed = parse(text)
    assert parsed.intake is None and all(problem.line and problem.message for problem in parsed.problems)
