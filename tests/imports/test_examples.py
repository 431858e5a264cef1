"""The worked examples say the same as converters that know nothing of `kpi import`, event by event."""

import json
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.data import helpdesk, opportunities
from tests.data.lines import EXAMPLES, Converted
from tests.imports.importing import imported

EXPECTED: dict[str, Callable[[], Converted]] = {
    "opportunities/sales_pipeline.csv": opportunities.converted,
    "helpdesk/helpdesk.csv": lambda: helpdesk.converted(ZoneInfo("Europe/Rome")),
}
