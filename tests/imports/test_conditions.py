"""Which rows become an event: the catalog's expression language over cells."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.engine.expressions import ExpressionError, compile_condition
from streams.imports.conditions import condition
from tests.imports.runs import event, imported, mapping

COLUMNS = {
    "stage": "VARCHAR",
    "score": "VARCHAR",
    "size": "BIGINT",
    "open": "BOOLEAN",
    "Deal Stage": "VARCHAR",
}
CSV = """\
id,customer,day,stage,score,Deal Stage
D0,c,2024-01-01,Won,10,A
D1,c,2024-01-01,Lost,9.5,B
D2,c,2024-01-01,,,
D3,c,2024-01-01,won,abc,A
"""


def kept(directory: Path, when: str) -> list[str]:
    result = imported(directory, CSV, mapping(event(when=when)))
    return [data["deal_id"] for data in result.data]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("stage == 'Won'", ["D0"]),
        ('stage == "Won"', ["D0"]),
        ("stage != 'Won'", ["D1", "D2", "D3"]),
        ("stage in ('Won', 'Lost')", ["D0", "D1"]),
        ("stage not in ['Won', 'Lost']", ["D2", "D3"]),
        ("stage in ()", []),
        ("'o' in stage", ["D0", "D1", "D3"]),
        ("stage == None", ["D2"]),
        ("stage != None and not stage == 'Won'", ["D1", "D3"]),
        ("stage", ["D0", "D1", "D3"]),
        ("not stage", ["D2"]),
        ("score >= 9", ["D0", "D1"]),
        ("score > 9.5", ["D0"]),
        ("not score >= 10", ["D1"]),  # of the others it is not known
        ("score == 10", ["D0"]),
        ("score != 10", ["D1", "D2", "D3"]),
        ("9 < score < 10", ["D1"]),
        ("score * 2 + 1 == 21", ["D0"]),
        ("-score < -9.5", ["D0"]),
        ("max(score, 9.8) == 10", ["D0"]),
        ("min(score, 1) == 1", ["D0", "D1"]),
        ("(score if stage == 'Won' else 3) == 3", ["D1", "D2", "D3"]),
        ("stage < 'Lz'", ["D1"]),
        ("{Deal Stage} == 'A'", ["D0", "D3"]),
        ("True", ["D0", "D1", "D2", "D3"]),
        ("stage == 'Won' or score >= 9", ["D0", "D1"]),
        ("stage == '' or stage == \"'; DROP TABLE x\"", []),
    ],
)
def test_a_condition_chooses_rows(tmp_path: Path, when: str, expected: list[str]) -> None:
    assert kept(tmp_path, when) == expected


@pytest.mark.parametrize(
    "when",
    [
        "stage.upper() == 'WON'",
        "stage[0]",
        "score / 2 > 1",
        "score ** 9 > 1",
        "open(stage)",
        "1j == 2",
        "~size",
    ],
)
def test_what_the_language_does_not_have_is_refused(when: str) -> None:
    with pytest.raises((ExpressionError, KeyError)):
        condition(when, COLUMNS)


def test_a_cell_that_is_no_number_is_told_where_it_decides_and_only_there(tmp_path: Path) -> None:
    undecided = imported(tmp_path, CSV, mapping(event(when="score > 9 and stage != 'Lost'")))
    assert undecided.faults == {("wrong_type", "when"): 1}
    assert undecided.messages[0].startswith("when: 'abc' in column score is no number: make it one")
    for decided in ("score > 9 and stage == 'Won'", "score != 10", "score > 9 or stage == 'won'"):
        assert imported(tmp_path, CSV, mapping(event(when=decided))).faults == {}


def test_each_event_of_a_mapping_is_counted_also_when_there_is_none(tmp_path: Path) -> None:
    events = [event(id="{id}/1"), event(id="{id}/2", when="stage == 'won'")]
    lost = event("crm.deal.lost", when="stage == 'Typo'")
    assert imported(tmp_path, CSV, mapping(*events, lost)).imported.counts.events == {
        "crm.deal.created (events.0)": 4,
        "crm.deal.created (events.1)": 1,
        "crm.deal.lost": 0,
    }


TEXTS = st.sampled_from(["Won", "Lost", "", "won", "5", "it's"])
ATOMS = st.one_of(
    st.builds("{} == {!r}".format, st.sampled_from(["stage", "score"]), TEXTS.filter(bool)),
    st.builds("{} != {!r}".format, st.sampled_from(["stage", "score"]), TEXTS.filter(bool)),
    st.builds("stage in ({!r}, {!r})".format, TEXTS.filter(bool), TEXTS.filter(bool)),
    st.sampled_from(["stage == None", "score != None", "stage", "not score"]),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not {}".format, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONDITIONS, st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_without_orderings_it_says_what_the_catalogs_language_says(
    tmp_path: Path, when: str, rows: list[tuple[str, str]]
) -> None:
    cells = [(stage or None, score or None) for stage, score in rows]
    expected = compile_condition(when, "row", {"stage": "row[0]", "score": "row[1]"})
    lines = [f"D{at},c,2024-01-01,{stage or ''},{score or ''}" for at, (stage, score) in enumerate(cells)]
    content = "\n".join(["id,customer,day,stage,score", *lines])
    result = imported(tmp_path, content, mapping(event(when=when)))
    chosen: list[Any] = [data["deal_id"] for data in result.data]
    assert chosen == [f"D{at}" for at, row in enumerate(cells) if expected(row)]
