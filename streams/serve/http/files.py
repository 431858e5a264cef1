"""Static files and the shells of the pages, read once; a browser that has one asks whether it changed."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

from streams.engine.plan import Plan
from streams.serve.http.keys import BOARD
from streams.serve.http.parameters import Parameter

STATIC: Final = "static"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
"""As browsers want them, whatever the machine's own table says."""


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is served."""

    body: bytes
    content_type: str
    tag: str
    """Of the content: it changes when that does."""

    def answer(self, request: web.Request) -> web.Response:
        """304 for a browser that has it already. It asks each time: a new board may bring new files."""
        headers = {"ETag": f'"{self.tag}"', "Cache-Control": "no-cache"}
        if any(one.value in (self.tag, "*") for one in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, headers={**headers, "Content-Type": self.content_type})


def file_of(name: str, body: bytes) -> File:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    content_type = next((kind for end, kind in _TYPES.items() if name.endswith(end)), guessed)
    charset = "; charset=utf-8" if content_type.startswith("text/") else ""
    return File(body, content_type + charset, hashlib.sha256(body).hexdigest()[:16])


def static_files() -> dict[str, File]:
    """Path below /static/ -> file."""
    root = resources.files("streams.serve").joinpath(STATIC)
    return {path: file_of(path, found.read_bytes()) for path, found in _walk(root, "")}


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for found in sorted(directory.iterdir(), key=lambda one: one.name):
        path = f"{prefix}{found.name}"
        if found.is_dir():
            yield from _walk(found, f"{path}/")
        else:
            yield path, found


FILES: Final[web.AppKey[Mapping[str, File]]] = web.AppKey("files")


def within(plan: Plan) -> list[Parameter]:
    """The part of an address that is a path."""
    return [Parameter("path", "Which one.")]


async def static(request: web.Request) -> web.StreamResponse:
    found = request.app[FILES].get(request.match_info["path"])
    if found is None:
        raise web.HTTPNotFound
    return found.answer(request)


async def overview(request: web.Request) -> web.StreamResponse:
    return request.app[FILES]["index.html"].answer(request)


async def kpi_page(request: web.Request) -> web.StreamResponse:
    """The same shell for every KPI. Of one that there is not it is 404, and the page says which there are."""
    shell = request.app[FILES]["kpi.html"]
    if request.match_info["kpi"] in request.app[BOARD].plan.catalog.kpis:
        return shell.answer(request)
    return web.Response(status=404, body=shell.body, headers={"Content-Type": shell.content_type})
