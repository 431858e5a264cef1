"""Posting to servers on this machine, as programs do."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.error import HTTPError


class Answer(NamedTuple):
    status: int
    document: Mapping[str, Any]


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """The JSON that it answers with, whatever its status."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return Answer(reply.status, json.load(reply))
    except HTTPError as error:
        with error:
            return Answer(error.code, json.load(error))
