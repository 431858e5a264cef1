"""A mapping that cannot be is refused with the path, the line, what is wrong and what would be right."""

from pathlib import Path

import pytest

from schemas.imports import Column, parts
from streams.errors import MappingError
from streams.imports.mapping import CheckedMapping, named, read_mapping
from tests.builders import shipped
from tests.faults import faults

SMALL = Path(__file__).with_name("mapping.yaml").read_text()
FAULTS = faults(Path(__file__).with_name("mapping_faults.txt"), SMALL) | {
    "empty": ("", ["line 1: Input should be a mapping"]),
    "a list": ("- version: 1", ["line 1: Input should be a mapping"]),
    "nothing becomes an event": (
        SMALL[: SMALL.index("events:")] + "events: []",
        ["line 8: events: List should have at least 1 item after validation, not 0"],
    ),
}
COLUMNS = [
    *("account", "deal", "number", "opened", "product", "stage", "worth", "Deal Size"),
    *("lead", "day", "hour", "rank"),
]


def checked(text: str = SMALL) -> CheckedMapping:
    return read_mapping(text, "my.yaml", shipped())


def problems(text: str) -> list[str]:
    with pytest.raises(MappingError) as refused:
        checked(text)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_named_once_with_path_line_and_remedy(what: str) -> None:
    text, expected = FAULTS[what]
    assert problems(text) == expected


def test_all_faults_of_a_mapping_are_named_at_once() -> None:
    text = SMALL.replace("zone: Europe", "zone: Europa").replace("lead_id", "led_id").replace("sql", "sqll")
    assert [problem.partition(": ")[0] for problem in problems(text)] == [
        "line 3",
        "line 22",
        "line 24",
        "line 21",
    ]


def test_the_currency_of_the_mapping_is_that_of_events_with_an_amount() -> None:
    deal, lead = checked().mapping.events
    assert deal.data["currency"].constant == "EUR"
    assert "currency" not in lead.data


def test_an_event_keeps_the_currency_that_it_says() -> None:
    text = SMALL.replace("      deal_id: deal\n", "      deal_id: deal\n      currency: money\n")
    assert checked(text).mapping.events[0].data["currency"].column == "money"


def test_columns_that_the_file_has_are_accepted() -> None:
    checked().check_columns(COLUMNS)


def test_a_column_that_the_file_does_not_have_is_named_wherever_it_is_read() -> None:
    columns = [name for name in COLUMNS if name not in ("deal", "Deal Size", "day")]
    with pytest.raises(MappingError) as refused:
        checked().check_columns([*columns, "Deal"])
    assert [str(problem) for problem in refused.value.problems] == [
        "line 10: events.0.when: there is no column 'Deal Size'; did you mean 'Deal'?",
        "line 11: events.0.id: there is no column 'deal'; did you mean 'Deal'?",
        "line 14: events.0.data.deal_id: there is no column 'deal'; did you mean 'Deal'?",
        "line 15: events.0.data.customer_id.first.1: there is no column 'deal'; did you mean 'Deal'?",
        "line 20: events.1.time.template: there is no column 'day'; "
        "known: account, number, opened, product, stage, worth, lead, hour, rank, Deal",
    ]


def test_a_template_is_texts_and_columns() -> None:
    assert parts("a:{b c}/{{x}}") == ["a:", Column("b c"), "/", "{", "x", "}"]


def test_a_condition_names_columns_in_braces_but_not_within_texts() -> None:
    expression, columns = named("stage == '{x}' and {Deal Stage} != \"it's {y}\"")
    assert expression == "stage == '{x}' and column_1_ != \"it's {y}\""
    assert columns == {"stage": "stage", "column_1_": "Deal Stage"}
