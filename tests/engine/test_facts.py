"""Facts: each merge gives a function of the set of what was merged."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import facts
from streams.engine.facts import Change, First, Member, Registered

TIME = st.tuples(st.integers(0, 5), st.integers(0, 3))
CHANGE = st.tuples(
    st.integers(0, 4),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from([None, "", "voluntary", "unknown"]),
)
RANDOM = st.randoms(use_true_random=False)


def change(time: int, state: int, kind: str | None = None, digest: int = 0) -> Change:
    return (time, digest, state, kind)


# -- Times ------------------------------------------------------------------------------------------------


@given(st.lists(TIME, max_size=30))
def test_times_are_sorted_and_distinct_and_only_a_new_one_is_a_change(items: list[facts.Time]) -> None:
    times: list[facts.Time] = []
    for item in items:
        known = item in times
        assert facts.add_time(times, item) is not known
    assert times == sorted(set(items))


@pytest.mark.parametrize("number", [31, 32, 33, 34, 100])
@pytest.mark.parametrize("seed", range(3))
def test_of_many_times_the_16_earliest_and_the_16_latest_stay(number: int, seed: int) -> None:
    items = [(time, 0) for time in range(number)]
    shuffled = items * 2
    Random(seed).shuffle(shuffled)
    times: list[facts.Time] = []
    for item in shuffled:
        facts.add_time(times, item)
    assert times == (items if number <= 32 else items[:16] + items[-16:])


def test_a_merge_says_whether_the_fact_changed() -> None:
    times: list[facts.Time] = []
    assert facts.add_time(times, (5, 1))
    assert not facts.add_time(times, (5, 1))
    assert facts.add_time(times, (5, 0))
    full = [(time, 0) for time in range(100, 132)]
    assert not facts.add_time(full, (116, -1)), "the middle is dropped at once"
    assert facts.add_time(full, (0, 0))
    assert facts.add_time(full, (999, 0))
    assert len(full) == 32


# -- Registers --------------------------------------------------------------------------------------------


def registered(revision: int, time: int, digest: int, value: int | str | None) -> Registered:
    return (revision, time, digest, (value,))


def test_the_greatest_revision_then_time_then_digest_wins() -> None:
    rising = [
        registered(0, 1, 9, "a"),
        registered(0, 2, 1, "b"),
        registered(0, 2, 2, "c"),
        registered(1, 0, 0, "d"),
    ]
    for order in permutations(rising):
        winner: Registered | None = None
        for one in order:
            if facts.wins(one, winner):
                winner = one
        assert winner == rising[-1]


def test_other_content_under_equal_marks_wins_in_every_order() -> None:
    rivals = [registered(0, 1, 1, value) for value in (None, 3, 20, "x", "")]
    winners = set()
    for order in permutations(rivals):
        winner: Registered | None = None
        for one in order:
            if facts.wins(one, winner):
                winner = one
        winners.add(winner)
    assert len(winners) == 1


def test_the_same_content_does_not_win_again() -> None:
    assert not facts.wins(registered(0, 1, 1, 5), registered(0, 1, 1, 5))
    assert facts.wins(registered(0, 1, 1, 5), None)


# -- Dimensions -------------------------------------------------------------------------------------------


def test_the_earliest_member_stays_in_each_dimension() -> None:
    firsts: list[First] = []
    assert facts.add_first(firsts, (2, 0, ("web", None)))
    assert not facts.add_first(firsts, (3, 0, ("phone", None))), "later"
    assert not facts.add_first(firsts, (2, 0, ("web", None))), "the same"
    assert facts.add_first(firsts, (3, 1, ("phone", "emea"))), "the first that gives a region"
    assert firsts == [(2, 0, ("web", None)), (3, 1, (None, "emea"))]
    assert facts.add_first(firsts, (1, 5, ("mail", None)))
    assert firsts == [(1, 5, ("mail", None)), (3, 1, (None, "emea"))]
    assert facts.add_first(firsts, (1, 5, ("chat", "apac"))), "of one event the first by content"
    assert firsts == [(1, 5, ("chat", "apac"))]


@pytest.mark.parametrize("seed", range(20))
def test_first_members_do_not_depend_on_order_or_repetition(seed: int) -> None:
    rng = Random(seed)
    names = ("web", "phone", None)
    events = [
        (rng.randrange(4), rng.randrange(3), (rng.choice(names), rng.choice(names), rng.choice(names)))
        for _ in range(8)
    ]
    events = [event for event in events if any(event[2])]
    states = []
    for _ in range(4):
        firsts: list[First] = []
        for event in [*rng.sample(events, len(events)), *rng.choices(events, k=3)]:
            facts.add_first(firsts, event)
        states.append(firsts)
    assert all(state == states[0] for state in states)
    for at in range(3):
        stands = [(time, digest, given[at]) for time, digest, given in states[0] if given[at]]
        assert stands == [min((time, digest, given[at]) for time, digest, given in events if given[at])][:1]


@pytest.mark.parametrize("number", [128, 129, 200])
@pytest.mark.parametrize("seed", range(3))
def test_of_many_changes_of_a_dimension_the_64_earliest_and_the_64_latest_stay(
    number: int, seed: int
) -> None:
    items: list[Member] = [(n // 3, n % 3, "ab"[n % 2]) for n in range(number)]
    shuffled = items * 2
    Random(seed).shuffle(shuffled)
    members: list[Member] = []
    for item in shuffled:
        facts.add_standing(members, item)
    assert members == (items if number <= 128 else items[:64] + items[-64:])


# -- Transitions ------------------------------------------------------------------------------------------


@given(st.lists(CHANGE, max_size=20), RANDOM)
def test_transitions_are_kept_in_one_order_whichever_they_came_in(
    items: list[Change], random: Random
) -> None:
    items = [(*item[:3], item[3] or None) for item in items]
    kept: list[list[Change]] = []
    for _ in range(2):
        random.shuffle(items)
        changes: list[Change] = []
        for item in items:
            facts.add_change(changes, item)
        kept.append(changes)
    assert kept[0] == kept[1] == sorted(set(items), key=facts.order)


#      raw transitions (time, state, kind) -> as they count
NORMALISED: dict[str, tuple[list[Change], list[Change]]] = {
    "nothing": ([], []),
    "joins": ([change(1, 1, "new")], [change(1, 1, "new")]),
    "leaving without joining": ([change(1, 0)], []),
    "leaves before it joins": ([change(1, 0), change(2, 1)], [change(2, 1)]),
    "joins twice: the first keeps date and kind": (
        [change(1, 1, "new"), change(2, 1, "reactivated")],
        [change(1, 1, "new")],
    ),
    "leaves twice: the first keeps date and kind": (
        [change(1, 1), change(2, 0, "voluntary"), change(3, 0, "unknown")],
        [change(1, 1), change(2, 0, "voluntary")],
    ),
    "returns": ([change(1, 1), change(2, 0), change(3, 1)], [change(1, 1), change(2, 0), change(3, 1)]),
    "leaves and joins at once, as a member": (
        [change(1, 1), change(5, 0, digest=2), change(5, 1, digest=1)],
        [change(1, 1), change(5, 0, digest=2), change(5, 1, digest=1)],
    ),
    "leaves and joins at once, as none": (
        [change(5, 0, digest=1), change(5, 1, digest=2)],
        [change(5, 1, digest=2), change(5, 0, digest=1)],
    ),
    "amounts": (
        [change(1, 100), change(2, 100), change(3, 300), change(4, 0)],
        [change(1, 100), change(3, 300), change(4, 0)],
    ),
}


@pytest.mark.parametrize("case", NORMALISED)
def test_transitions_as_they_count(case: str) -> None:
    raw, expected = NORMALISED[case]
    for order in permutations(raw):
        changes: list[Change] = []
        for item in order:
            facts.add_change(changes, item)
        assert facts.normalised(changes) == expected


@given(st.lists(CHANGE, max_size=20))
def test_of_the_transitions_that_count_no_two_neighbours_have_the_same_state(items: list[Change]) -> None:
    states = [0, *(change[2] for change in facts.normalised(sorted(items, key=facts.order)))]
    assert all(before != after for before, after in zip(states, states[1:], strict=False))
