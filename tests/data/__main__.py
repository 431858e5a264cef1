"""`python -m tests.data opportunities|helpdesk`: the events as NDJSON, and what was found in the rows."""

import sys
from collections.abc import Callable
from zoneinfo import ZoneInfo

from tests.data import helpdesk, opportunities
from tests.data.lines import Converted

CONVERTERS: dict[str, Callable[[], Converted]] = {
    "opportunities": opportunities.converted,
    "helpdesk": lambda: helpdesk.converted(ZoneInfo("Europe/Rome")),
}


def main(name: str) -> None:
    result = CONVERTERS[name]()
    sys.stdout.buffer.writelines(line + b"\n" for line in result.lines)
    for what, number in sorted(result.found.items()):
        sys.stderr.write(f"{number:7,} {what}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
