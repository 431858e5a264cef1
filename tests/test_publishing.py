"""docs/publishing.md shows the programs that there are, and the keys that events have."""

import re
import subprocess
import sys

from schemas.events import CUSTOMER, EVENT_TYPES, Event
from tests.builders import record, shipped
from tests.pages import DOCS, ROOT, files, table

PAGE = DOCS / "publishing.md"
PRODUCERS = ROOT / "examples" / "producers"


def test_the_page_shows_every_program_as_it_is() -> None:
    shown = files(PAGE)
    assert shown.keys() == {str(file.relative_to(ROOT)) for file in PRODUCERS.iterdir() if file.is_file()}
    for path, code in shown.items():
        assert code == (ROOT / path).read_text(), path


def test_the_page_tells_the_key_of_every_type_without_a_customer() -> None:
    told = {type_: key.strip("`") for types, key in table(PAGE, "keys") for type_ in codes(types)}
    keys = {type_: model.key_fields() for type_, model in EVENT_TYPES.items()}
    assert told == {type_: fields[0] for type_, fields in keys.items() if CUSTOMER not in fields}


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_events_of_the_page_are_accepted_and_one_corrects_the_other() -> None:
    shown = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(shown) == 2
    events, rejects = shipped().decoder.decode([record(one) for one in shown])
    assert not rejects
    first, correction = (Event.model_validate_json(one) for one in shown)
    assert first.key() == correction.key()
    assert [event.data.revision for event in events] == [None, 1]


def test_a_producer_needs_only_the_models_and_pydantic() -> None:
    code = "import sys, schemas.events; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "pydantic" in imported
    assert imported.isdisjoint({"faust", "redis", "aiokafka", "confluent_kafka", "msgspec", "streams"})
