"""What is read of tickets that Zendesk tells of, each of its messages delivered twice."""

from collections.abc import Sequence

from schemas.intake import Zendesk
from streams.intake.drafts import Draft
from streams.intake.zendesk import mapped
from tests.builders import Ledger, Record, ms
from tests.intake.zendesk_payloads import REQUESTER, Payload, comment, webhook

DEFAULT = Zendesk()


def ledger(*payloads: Payload) -> Ledger:
    """What the engine keeps of their events, each redelivered once."""
    drafts = drafts_of(*payloads)
    return taken([*drafts, *drafts])


def drafts_of(*payloads: Payload) -> list[Draft]:
    return [draft for payload in payloads for draft in mapped(payload, DEFAULT).drafts]


def taken(drafts: Sequence[Draft]) -> Ledger:
    found = Ledger().take_records([Record(0, ms("2024-04-20"), None, one.line()) for one in drafts])
    assert not found.rejects
    return found


def resolution(found: Ledger) -> float | None:
    """Seconds."""
    return found.value("resolution", "7d", gauge="crm_resolution_seconds_mean")


def status(current: str, previous: str, at: str) -> Payload:
    return webhook("status_changed", {"current": current, "previous": previous}, at=at, id=f"{current} {at}")


OPENING = (
    webhook("created", id="created"),
    webhook("comment_added", comment(REQUESTER, is_staff=False), at="08:00", id="described"),
    webhook("comment_added", comment("-1"), at="08:01", id="greeted"),
    webhook("comment_added", comment(is_public=False), at="08:30", id="noted"),
    webhook("comment_added", comment(), at="09:00", id="answered"),
)


def test_the_first_public_answer_of_a_human_is_the_first_response() -> None:
    found = ledger(*OPENING)
    assert found.value("tickets", "7d") == 1
    mean = {"gauge": "crm_first_response_seconds_mean", "clock": "calendar"}
    assert found.value("first_response", "7d", **mean) == 3600
    assert found.value("backlog", "now") == 1


def test_a_closing_after_a_solving_is_no_second_resolution() -> None:
    once = ledger(*OPENING, status("SOLVED", "OPEN", "10:00"))
    twice = ledger(*OPENING, status("SOLVED", "OPEN", "10:00"), status("CLOSED", "SOLVED", "12:00"))
    for found in (once, twice):
        assert found.value("backlog", "now") == 0
        assert found.counts("first_contact_resolution", "7d", state="provisional") == (1, 1)
        assert resolution(found) == 7200


def test_a_closing_says_that_a_ticket_is_resolved_whose_solving_was_lost() -> None:
    assert ledger(*OPENING, status("CLOSED", "SOLVED", "12:00")).value("backlog", "now") == 0


def test_a_ticket_that_is_reopened_takes_its_resolution_back() -> None:
    steps = (*OPENING, status("SOLVED", "OPEN", "10:00"), status("OPEN", "SOLVED", "11:00"))
    reopened = ledger(*steps)
    assert reopened.value("backlog", "now") == 1
    assert reopened.value("reopen_rate", "7d", state="provisional") == 1
    again = ledger(*steps, status("SOLVED", "OPEN", "12:00"))
    assert resolution(again) == 4 * 3600


def test_the_latest_rating_of_a_ticket_counts() -> None:
    def rating(score: str, at: str) -> Payload:
        return webhook("csat_received", {"satisfaction_score": {"score": score}}, at=at, id=at)

    assert ledger(rating("BAD", "10:00")).counts("csat", "7d") == (0, 1)
    assert ledger(rating("BAD", "10:00"), rating("GOOD", "11:00")).counts("csat", "7d") == (1, 1)


def test_a_deleted_ticket_is_in_no_number() -> None:
    found = ledger(*OPENING, webhook("soft_deleted", at="11:00", id="gone"))
    assert found.value("tickets", "7d") == found.value("backlog", "now") == 0


def test_a_ticket_that_gets_another_requester_goes_on_as_the_one_it_is() -> None:
    """And back again; all its events have one key."""
    moved = (
        webhook("requester_changed", {"current": "9", "previous": REQUESTER}, id="moved", requester_id="9"),
        webhook("comment_added", comment(), at="10:30", id="answered", requester_id="9"),
    )
    back = webhook("requester_changed", {"current": REQUESTER, "previous": "9"}, id="back")
    steps = (webhook("created", id="created"), *moved, back)
    found = ledger(*steps)
    assert found.value("backlog", "now") == found.value("tickets", "7d") == 1
    mean = {"gauge": "crm_first_response_seconds_mean", "clock": "calendar"}
    assert found.value("first_response", "7d", **mean) == 2.5 * 3600
    assert ledger(*steps, status("SOLVED", "OPEN", "12:00")).value("backlog", "now") == 0
    assert len({draft.data["customer_id"] for draft in drafts_of(*steps)}) == 1
