"""docs/intake/zendesk.md says what becomes what as the code has it; what it has a trigger send is taken."""

import json
import re

from schemas.intake import Intake, parse
from streams.intake.zendesk import KINDS, mapped
from tests.intake.fuzz import judged
from tests.pages import DOCS, block, table

PAGE = DOCS / "intake" / "zendesk.md"
SHIPPED = Intake(version=1)


def test_the_page_tells_of_every_event_that_becomes_one_of_ours() -> None:
    told = {name for row in table(PAGE, "zendesk-events") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == set(KINDS)


def test_the_page_shows_the_mapping_that_is_shipped() -> None:
    assert parse(block(PAGE, "zendesk-mapping")).intake == SHIPPED


def test_what_a_trigger_sends_is_an_event() -> None:
    values = {"id": "35436", "updated_at_with_timestamp": "2024-04-15T10:00:00Z"}
    body = re.sub(r"{{ticket\.([\w.]+)}}", lambda found: values[found[1]], block(PAGE, "zendesk-trigger"))
    (draft,) = mapped(json.loads(body), SHIPPED.zendesk).drafts
    assert draft.type == "crm.survey.answered" and not judged([draft])
