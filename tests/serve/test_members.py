"""How many members dimensions have: counted exactly, warned about once."""

import logging

import pytest
from redis.asyncio import Redis

from schemas.catalog import Dimension
from streams.naming import join_members
from streams.serve.board import Shown
from streams.serve.gauges import Exposition
from streams.serve.members import Census
from tests.builders import lead_created, shipped
from tests.serve.builders import Writer, board_on, sample, until

DIMENSIONS = {
    "channel": Dimension(members=2),
    "plan": Dimension(members=5, keeps="as_was"),
    "both": Dimension(of=("channel", "plan"), members=2),
}


def test_members_are_those_of_all_measures_and_unknown_is_none() -> None:
    cells = ["leads", "leads|channel|web", "deals|channel|web", "deals|channel|a|b", "deals|channel|unknown"]
    assert Census(DIMENSIONS).count(cells) == {"channel": 2, "plan": 0, "both": 0}


def test_a_pair_of_which_one_is_unknown_is_no_member() -> None:
    pairs = [("web", "pro"), ("web", "unknown"), ("unknown", "pro"), ("unknown,x", "pro")]
    cells = [f"leads|both|{join_members(*pair)}" for pair in pairs]
    assert Census(DIMENSIONS).count(cells)["both"] == 2


def test_too_many_members_are_warned_about_once_with_dimension_number_and_remedy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    census = Census(DIMENSIONS)
    cells = [f"leads|channel|{n}" for n in range(3)]
    with caplog.at_level(logging.WARNING):
        census.count(cells[:2])
        assert not caplog.messages
        census.count(cells)
        census.count([*cells, "leads|channel|more"])
    (message,) = caplog.messages
    assert message.startswith("dimension channel has 3 members, more than the 2 that the catalog expects")
    assert "raise its `members`" in message


def test_a_scrape_has_the_number_of_each_dimension() -> None:
    text = Exposition(shipped(), lambda: Shown(members={"channel": 7, "team": 0})).text().decode()
    assert sample(text, "crm_dimension_members", dimension="channel") == 7
    assert sample(text, "crm_dimension_members", dimension="team") == 0


async def test_a_board_counts_the_members_of_all_partitions_together(client: Redis) -> None:
    for partition in range(2):
        writer = await Writer.of(client, partition, partitions=2)
        leads = [(f"{partition}-{n}", f"channel {n + partition}") for n in range(3)]
        await writer.take(*(lead_created(lead, channel=channel) for lead, channel in leads))
    async with board_on(client) as board:
        await until(lambda: bool(board.shown().members))
        assert board.shown().members["channel"] == 4
        assert board.shown().members.keys() == shipped().catalog.dimensions.keys()
