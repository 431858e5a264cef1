"""Vectors of slices: every member exactly, and together the whole."""

from pathlib import Path
from random import Random

from tests.oracle.history import lead
from tests.replays import replay

MEMBERS = 41


def test_41_members_over_4_partitions_are_exact_and_add_up_to_the_whole(tmp_path: Path) -> None:
    """The n-th channel has n leads, of customers spread over the partitions; one lead has no channel."""
    lines = [
        lead("created", "2024-04-20", f"{member}-{number}", channel=f"channel-{member}")
        for member in range(1, MEMBERS + 1)
        for number in range(member)
    ]
    lines.append(lead("created", "2024-04-20", "nobody-knows"))
    Random(1).shuffle(lines)
    readings = replay(tmp_path, lines, "2024-05-01")

    members = {name: one["value"] for name, one in readings.members("crm_leads", "30d", "channel").items()}
    expected = {f"channel-{member}": member for member in range(1, MEMBERS + 1)}
    assert members == {**expected, "unknown": 1}
    assert sum(members.values()) == readings.value("crm_leads", "30d") == MEMBERS * (MEMBERS + 1) // 2 + 1
