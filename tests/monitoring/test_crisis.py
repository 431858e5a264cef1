"""A crisis comes over a company that is well: exactly the alerts that it should raise are raised, and end.

Time is driven by hand: a few hours of events are published, then Prometheus scrapes what the board makes of
them and judges it twice, then the next few hours come. So nothing depends on how fast this machine is.

    Monday               Tuesday 9:00         + 18 h to + 24 h        + 30 h      .. a month later
    nothing is alarming  answers take long    customers leave         all is well again
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest

from streams.commands.company import Timed
from streams.embedded.crisis import WELL, Crisis
from streams.embedded.traffic import Traffic, encode, simulate
from streams.embedded.world import DAY_MS, HOUR_MS
from streams.settings import Settings
from tests.builders import days, ms
from tests.monitoring.shipped import catalog_of_wholes, write_rules
from tests.monitoring.site import Receiver, System, Watch, system, until, watched

BEGINS_MS = ms("2025-08-19 09:00")
"""On a Tuesday."""
HISTORY_DAYS = 65
PER_DAY = 800.0
SEED = 1

Alert = tuple[str, str]
"""(name, severity)"""
SLOW: Final[set[Alert]] = {(name, severity) for name in ("CrmLeadResponse", "CrmFirstResponse") for severity in ("warning", "critical")}
LEFT: Final[set[Alert]] = {(name, severity) for name in ("CrmChurn", "CrmRetention") for severity in ("warning", "critical")}
NO_WORKER: Final[set[Alert]] = {("CrmPartitionsStale", "critical"), ("CrmProcessDown", "warning"), ("CrmWorkersDown", "critical")}
CLOCK: Final = "scalar(max(crm_kpi_last_event_timestamp_seconds))"
"""What time it is where windows end at events."""


class Story:
    """The company's events, told as far as one wants, under watch."""

    def __init__(self, running: System, watch: Watch) -> None: ...
