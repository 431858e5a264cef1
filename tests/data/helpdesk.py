"""`examples/helpdesk` as events: a case is a ticket, and activity 6 resolves it.

How the rows are read:
- The first event of a case creates the ticket, by whatever activity.
- Activity 6 resolves: every case ends with it, no other activity does, and most have it once. One right after
  another is the same resolution once more. Any other activity after it reopens the ticket.
- What the other activities mean the file does not say, so they are notes that customers do not see: work on
  the ticket, but no response. Response times can not be had from this file.
- Nothing is said of customers: each case is a relationship of its own.
- Times are local and have no zone. Of an hour that there was twice, the first is taken. Events of one case
  within the same second follow each other by a millisecond, in the file's order.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from tests.data.lines import EXAMPLES, Converted, line, rows

FILE = EXAMPLES / "helpdesk/helpdesk.csv"
SOURCE = "/helpdesk"
RESOLVING = "6"
NOTE = {"actor_kind": "human", "public": False, "author_role": "agent"}

Step = tuple[datetime, str]
"""When, and which activity."""


def converted(zone: ZoneInfo) -> Converted:
    """In the order of the file, which is case by case."""
    result = Converted()
    for case, events in groupby(rows(FILE), key=lambda row: row["CaseID"]):
        steps = list(_steps([(_local(row), row["ActivityID"]) for row in events], zone))
        about = {"ticket_id": case, "customer_id": f"case:{case}"}
        for number, (at, type_, more) in enumerate(_told(steps)):
            result.found[type_] += 1
            result.lines.append(line(SOURCE, f"{case}/{number}", type_, at, {**about, **more}))
        result.found["rows"] += len(steps)
    return result


def _local(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["CompleteTimestamp"])


def _steps(local: list[Step], zone: ZoneInfo) -> Iterator[Step]:
    """With their zone, a millisecond apart where the second is the same."""
    before, same = None, 0
    for at, activity in local:
        same = same + 1 if at == before else 0
        before = at
        yield at.replace(tzinfo=zone) + timedelta(milliseconds=same), activity


def _told(steps: list[Step]) -> Iterator[tuple[datetime, str, dict[str, object]]]:
    """Time, event type and further fields."""
    yield steps[0][0], "crm.ticket.created", {}
    resolved = False
    for number, (at, activity) in enumerate(steps):
        if activity == RESOLVING:
            yield at, "crm.ticket.resolved", {}
        elif resolved:
            yield at, "crm.ticket.reopened", {}
        elif number:
            yield at, "crm.ticket.replied", NOTE
        resolved = activity == RESOLVING
