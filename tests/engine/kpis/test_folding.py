"""Folding: the largest members by themselves, the others as one slice that is computed from their sums."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kpis.folding import LARGEST, Folding
from streams.engine.kpis.readings import Reader, Reading
from tests.builders import Event, Ledger, lead_contacted, lead_converted, lead_created, ms, shipped


def channel(number: int) -> str:
    return f"channel-{number:02}"


def leads(sizes: Iterable[tuple[str, int]]) -> list[Event]:
    """So many leads of each channel."""
    return [lead_created(f"{name}/{at}", "10:00", channel=name) for name, size in sizes for at in range(size)]


def many(members: int = 41) -> list[Event]:
    """Leads of so many channels, the first of which have the most; and three of no channel."""
    named = [(channel(number), members - number) for number in range(members)]
    return [*leads(named), *(lead_created(f"none/{at}", "10:00") for at in range(3))]


def shown(ledger: Ledger, kpi: str, window: str, **labels: str) -> dict[str, Reading]:
    """Member -> what gauges and board show of a KPI's channels."""
    wanted = {"kpi": kpi, "window": window, "dimension": "channel", **labels}
    found = [
        one
        for one in ledger.readings(folds=True)
        if one.fold != "member" and wanted.items() <= {**one.labels, **fields(one)}.items()
    ]
    by_member = {one.member: one for one in found}
    assert len(by_member) == len(found)
    return by_member


def fields(reading: Reading) -> dict[str, str]:
    return {name: getattr(reading, name) for name in ("kpi", "gauge", "window", "dimension")}


def exactly(ledger: Ledger) -> dict[str, Reading]:
    """Member -> the reading of the leads that it has in 24h."""
    found = [
        one
        for one in ledger.readings(folds=True)
        if (one.kpi, one.window, one.dimension) == ("lead_volume", "24h", "channel") and one.fold != "other"
    ]
    return {one.member: one for one in found}


# -- Which are folded -------------------------------------------------------------------------------------


def folded(sizes: dict[str, int]) -> set[str]:
    folding = Folding.by_samples({("channel", member): size for member, size in sizes.items()})
    others = folding.others.get("channel")
    return set() if others is None else set(others.members)


def test_twenty_members_and_unknown_have_room() -> None:
    assert folded({**{channel(number): 1 for number in range(LARGEST)}, "unknown": 1}) == set()


def test_beyond_twenty_the_smallest_are_folded() -> None:
    sizes = {channel(number): number for number in range(41)}
    assert folded(sizes) == {channel(number) for number in range(21)}


def test_of_members_of_one_size_the_first_by_name_are_shown() -> None:
    assert folded({channel(number): 7 for number in reversed(range(23))}) == {
        channel(20),
        channel(21),
        channel(22),
    }


def test_unknown_is_shown_however_small_and_takes_nobodys_place() -> None:
    sizes = {**{channel(number): 7 for number in range(LARGEST + 1)}, "unknown": 0}
    assert folded(sizes) == {channel(LARGEST)}


def test_a_member_called_other_is_folded_with_the_rest_however_large() -> None:
    sizes = {**{channel(number): 7 for number in range(LARGEST + 1)}, "other": 1_000}
    assert folded(sizes) == {channel(LARGEST), "other"}


def test_a_member_called_other_is_itself_while_there_is_room_for_all() -> None:
    assert folded({**{channel(number): 7 for number in range(LARGEST - 1)}, "other": 1}) == set()


@given(st.dictionaries(st.sampled_from([*map(channel, range(40)), "other", "unknown"]), st.integers(0, 3)))
def test_what_is_shown_is_never_smaller_than_what_is_folded(sizes: dict[str, int]) -> None:
    those = folded(sizes)
    stand = sizes.keys() - those - {"unknown"}
    assert len(stand) <= LARGEST
    smallest = min((sizes[member] for member in stand), default=0)
    assert all(sizes[member] <= smallest for member in those - {"other"})


# -- What is read -----------------------------------------------------------------------------------------


def test_what_is_shown_adds_up_to_the_whole_with_other_and_unknown() -> None:
    ledger = Ledger().take(*many())
    found = shown(ledger, "lead_volume", "24h")
    assert found.keys() == {*map(channel, range(LARGEST)), "other", "unknown"}
    assert found["other"].value == sum(range(1, 22))
    assert sum(one.value or 0 for one in found.values()) == ledger.value("lead_volume", "24h")


def test_every_member_is_still_read_exactly() -> None:
    found = exactly(Ledger().take(*many()))
    assert {member: one.value for member, one in found.items()} == {
        **{channel(number): 41 - number for number in range(41)},
        "unknown": 3,
    }
    small = {member for member, one in found.items() if one.fold == "member"}
    assert small == set(map(channel, range(20, 41)))


def test_where_nothing_is_folded_the_readings_are_those_of_every_member_and_no_other() -> None:
    ledger = Ledger().take(*many(), *leads([("other", 100)]))
    plain = ledger.readings()
    assert {one.fold for one in plain} == {None}
    marked = [
        msgspec.structs.replace(one, fold=None) for one in ledger.readings(folds=True) if one.fold != "other"
    ]
    assert plain == marked


def test_a_ratio_of_the_folded_is_that_of_their_sums_and_not_the_mean_of_their_ratios() -> None:
    ledger = Ledger().take(*many())
    ledger.take(*(lead_converted(f"{channel(20)}/{at}", "12:00") for at in range(21)))
    other = shown(ledger, "lead_conversion", "24h")["other"]
    assert (other.numerator, other.denominator, other.samples) == (21, 231, 231)
    assert other.value == 21 / 231


def test_all_windows_of_a_kpi_show_the_members_that_are_largest_in_the_widest() -> None:
    ledger = Ledger().take(*many())
    ledger.take(*(lead_created(f"new/{at}", "2024-04-20 10:00", channel="newcomer") for at in range(5)))
    for window in ("24h", "30d", "365d"):
        found = shown(ledger, "lead_volume", window)
        assert "newcomer" not in found
        assert found["other"].value == {"24h": 5}.get(window, sum(range(1, 22)) + 5)


def test_a_window_that_only_the_folded_have_something_in_shows_them_as_other() -> None:
    ledger = Ledger().take(*many(), lead_created("late", "2024-04-20 10:00", channel=channel(40)))
    assert shown(ledger, "lead_conversion", "24h").keys() == {"other"}


def test_the_member_called_other_counts_among_the_others_and_is_read_by_itself_too() -> None:
    ledger = Ledger().take(*many(), *leads([("other", 100)]))
    assert shown(ledger, "lead_volume", "24h")["other"].value == sum(range(1, 22)) + 100
    assert exactly(ledger)["other"].value == 100


def test_percentiles_of_the_folded_are_of_all_their_durations() -> None:
    folds, alone = Ledger(), Ledger()
    for number in range(41):
        for at in range(41 - number):
            events = [
                lead_created(f"{number}/{at}", "10:00", channel=channel(number)),
                lead_contacted(f"{number}/{at}", f"10:{number % 30:02}:{at:02}"),
            ]
            folds.take(*events)
            if number >= LARGEST:
                alone.take(*events)
    for quantile in ("0.5", "0.9", "0.99"):
        labels = {"gauge": "crm_lead_response_seconds", "quantile": quantile, "clock": "calendar"}
        other = shown(folds, "lead_response", "24h", **labels)["other"]
        whole = alone.reading("lead_response", "24h", **labels)
        assert (other.value, other.samples) == (whole.value, whole.samples)
    mean = {"gauge": "crm_lead_response_seconds_mean", "clock": "calendar"}
    assert shown(folds, "lead_response", "24h", **mean)["other"].value == alone.value(
        "lead_response", "24h", **mean
    )


def test_the_oldest_of_the_folded_is_the_oldest_of_any() -> None:
    ledger = Ledger().take(*many(), lead_created("old", "2024-04-15 08:00", channel=channel(40)))
    oldest = {"gauge": "crm_leads_waiting_oldest_seconds"}
    assert shown(ledger, "leads_waiting", "now", **oldest)["other"].value == 2 * 3600
    levels = shown(ledger, "leads_waiting", "now", gauge="crm_leads_waiting")
    assert sum(one.value or 0 for one in levels.values()) == ledger.value(
        "leads_waiting", "now", gauge="crm_leads_waiting"
    )


@pytest.mark.parametrize("members", [LARGEST, LARGEST + 1])
def test_only_a_dimension_with_more_members_than_have_room_is_folded(members: int) -> None:
    ledger = Ledger().take(*many(members))
    assert ("other" in shown(ledger, "lead_volume", "24h")) == (members > LARGEST)


def test_in_which_order_the_members_came_makes_no_difference() -> None:
    one, another = Ledger().take(*many()), Ledger().take(*reversed(many()))
    assert one.readings(folds=True) == another.readings(folds=True)


def test_a_reader_that_remembers_folds_as_a_new_one_does() -> None:
    reader, ledger = Reader(shipped(), folds=True), Ledger().take(*many(23))
    later = [
        lead_created("late", "10:05", channel=channel(22)),  # of one that is folded
        lead_contacted(f"{channel(22)}/0", "10:07"),
        *leads([("newcomer", 30)]),  # which is large, so that another is folded
        lead_created("first", "10:06", channel=channel(0)),
    ]
    for one in (None, None, *later):
        ledger.take(*([] if one is None else [one]))
        for now in ("10:10", "10:11"):
            assert reader.read(ledger, ms(now), ahead=False) == ledger.readings(now, folds=True)
    assert "other" in shown(ledger, "leads_waiting", "now", gauge="crm_leads_waiting")
