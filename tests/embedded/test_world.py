"""The simulated clock, dice and sleepers."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest

from streams.embedded import people
from streams.embedded.people import Customer, Members
from streams.embedded.world import Hours, Odds, Story, World
from streams.human import rfc3339

OFFICE = Hours(8, 18, weekdays=5)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "open_at"),
    [
        ("2025-01-15T12:34", "2025-01-15T12:34"),  # Wednesday at work
        ("2025-01-15T07:59", "2025-01-15T08:00"),
        ("2025-01-15T18:00", "2025-01-16T08:00"),
        ("2025-01-17T20:00", "2025-01-20T08:00"),  # Friday evening
        ("2025-01-18T12:00", "2025-01-20T08:00"),  # Saturday
        ("2025-01-19T23:59", "2025-01-20T08:00"),  # Sunday night
    ],
)
def test_work_out_of_hours_waits_for_the_next_opening(at: str, open_at: str) -> None:
    assert OFFICE.next_open_ms(ms(at)) == ms(open_at)


def test_odds_are_drawn_by_their_weights() -> None:
    odds = Odds((3, "often"), (1, "seldom"), (0, "never"))
    rng = Random(1)
    drawn = Counter(odds.draw(rng) for _ in range(4_000))
    assert drawn["often"] / 4_000 == pytest.approx(0.75, abs=0.03)
    assert drawn["never"] == 0
    assert dict((option, share) for share, option in odds.shares()) == {
        "often": 0.75,
        "seldom": 0.25,
        "never": 0,
    }


def test_no_more_members_are_followed_than_there_are_seats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MEMBERS", 2)
    members: Members[Customer] = Members()
    one, two, three = (Customer(name, "USD", "sales", {}) for name in ("one", "two", "three"))
    assert [members.join(customer) for customer in (one, two, three)] == [True, True, False]
    members.leave(one)
    assert members.join(three)
    assert [customer in members for customer in (one, two, three)] == [False, True, True]
    assert len(members) == 2


def test_sleepers_wake_in_order_of_time_and_the_end_is_exclusive() -> None:
    told = World(seed=1, prefix="", start_ms=0)

    def story(cost_id: str, pause_ms: int) -> Story:
        while True:
            yield pause_ms
            told.tell("crm.cost.recorded", {"cost_id": cost_id})

    told.begin(story("slow", 50))
    told.begin(story("fast", 20))
    events = [(time_ms, event["partitionkey"]) for time_ms, event in told.run(100)]
    assert events == [(20, "fast"), (40, "fast"), (50, "slow"), (60, "fast"), (80, "fast")]


def test_a_time_is_written_with_milliseconds() -> None:
    assert rfc3339(ms("2025-01-15T09:30") + 7) == "2025-01-15T09:30:00.007Z"
