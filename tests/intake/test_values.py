"""Values of vendors' JSON: each is read as what it is, or not at all, and nothing is raised."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from streams.intake import values
from tests.intake.fuzz import ANY_JSON, bounded

HALF = "\ud800"
"""Half of a surrogate pair: JSON can hold it, UTF-8 cannot."""

READ: list[tuple[Any, Any, Any]] = [
    (values.text, " a ", "a"),
    (values.text, 17, "17"),
    (values.text, "x" * 200, "x" * 200),
    (values.text, "x" * 201, None),
    (values.text, "  ", None),
    (values.text, HALF, None),
    (values.text, True, None),
    (values.text, 1.5, None),
    (values.text, 10**5_000, None),
    (values.whole, "007", 7),
    (values.whole, 0, 0),
    (values.whole, -1, None),
    (values.whole, "-1", None),
    (values.whole, "²", None),
    (values.whole, 1.0, None),
    (values.whole, True, None),
    (values.whole, "9" * 5_000, None),
    (values.number, 0.1, Decimal("0.1")),
    (values.number, " 1250.005 ", Decimal("1250.005")),
    (values.number, -3, Decimal(-3)),
    (values.number, float("inf"), None),
    (values.number, "1e999999999", None),
    (values.number, "sNaN", None),
    (values.number, HALF, None),
    (values.number, True, None),
    (values.flag, "TRUE", True),
    (values.flag, False, False),
    (values.flag, "yes", None),
    (values.flag, 1, None),
    (values.rfc3339, 0, "1970-01-01T00:00:00.000Z"),
    (values.rfc3339, 1_713_175_200_007, "2024-04-15T10:00:00.007Z"),
    (values.rfc3339, -1, None),
    (values.rfc3339, 10**30, None),
]


@pytest.mark.parametrize(("read", "value", "expected"), READ, ids=range(len(READ)))
def test_a_value_is_read_as_what_it_is_or_not_at_all(read: Any, value: Any, expected: Any) -> None:
    found = read(value)
    assert (type(found), found) == (type(expected), expected)


@bounded
@given(ANY_JSON)
def test_nothing_is_raised_for_any_value(value: Any) -> None:
    for read in (values.text, values.whole, values.number, values.flag):
        read(value)
    text = values.text(value)
    assert text is None or text.encode()


PATHS = [
    ("items.data.0.id", "a"),
    ("items.data.1.id", None),
    ("items.data.-1.id", None),
    ("items.0", None),
    ("items.data.²", None),
    ("nothing.at.all", None),
    ("", None),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_a_path_leads_to_a_value_or_nowhere(path: str, expected: str | None) -> None:
    assert values.at_path({"items": {"data": [{"id": "a"}]}}, path) == expected
