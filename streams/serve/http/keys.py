"""What the handlers of an application share."""

from typing import Final

from aiohttp import web

from streams.serve.answers import Answers
from streams.serve.board import Board
from streams.serve.channels import Channels
from streams.serve.documents import ByKpi
from streams.serve.gauges import Exposition
from streams.serve.written import Written

BOARD: Final = web.AppKey("board", Board)
EXPOSITION: Final = web.AppKey("exposition", Exposition)
WRITTEN: Final = web.AppKey("written", Written)
CHANNELS: Final = web.AppKey("channels", Channels)
BY_KPI: Final = web.AppKey("by_kpi", ByKpi)
ANSWERS: Final = web.AppKey("answers", Answers)
