"""/api/v1/catalog: what there is to ask for, and what every KPI means; made once, for it never changes."""

from typing import Final

from aiohttp import web

from streams.engine.plan import Plan
from streams.serve.cataloged import catalog_document
from streams.serve.http.files import File, file_of
from streams.serve.http.json import encoded

CATALOG: Final = web.AppKey("catalog", File)


def catalog_file(plan: Plan) -> File:
    return file_of("catalog.json", encoded(catalog_document(plan)))


async def catalog(request: web.Request) -> web.StreamResponse:
    return request.app[CATALOG].answer(request)
