"""/docs/..: the reference of the KPIs and the runbooks of their alerts, as pages for people.

They are Markdown that the command line hands over, since it is made of the catalog in a room above. What
stands there is text: markup in it stays text.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Final

from aiohttp import web
from markdown_it import MarkdownIt
from markdown_it.token import Token

from streams.serve.http.files import File, file_of

_INDEX: Final = "README"
_OUTSIDE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//|#|/", re.IGNORECASE)
"""How addresses begin that are not of a page beside this one."""
_MARKER: Final = re.compile(r"\A(<!--.*?-->\s*)+", re.DOTALL)
_SHELL: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/board.css">
<link rel="stylesheet" href="/static/docs.css">
<script src="/static/js/first.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header class="top"><p class="brand-line"><a class="brand" href="/">CRM KPIs</a></p>
<nav aria-label="Pages">{links}</nav></header>
<main id="main" class="docs" tabindex="-1">
{body}</main>
</body>
</html>
"""


def _markdown() -> MarkdownIt:
    """A table that is wider than the page can be moved within it, also by the keyboard."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("table_open", lambda *_: _TABLE_OPEN)
    markdown.add_render_rule("table_close", lambda *_: _TABLE_CLOSE)
    return markdown


_TABLE_OPEN: Final = '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>\n'
_TABLE_CLOSE: Final = "</table></div>\n"
_MARKDOWN: Final = _markdown()


class Pages:
    """Makes a page when it is first asked for: all of them take longer than a board should to start.

    A link to another page leads there; one to a file that is none of them is text alone.
    """

    def __init__(self, texts: Mapping[str, str], kpis: Iterable[str]) -> None:
        """`texts`: by their paths (`docs/kpis/churn.md`)."""
        self._texts = texts
        self._addresses = {path: address_of(path) for path in texts}
        self._paths = {address: path for path, address in self._addresses.items()}
        self._numbers = {f"/docs/kpis/{kpi}": [(f"/kpi/{kpi}", "Its numbers")] for kpi in kpis}
        self.page = lru_cache(maxsize=None)(self._page)
        self._indexes = lru_cache(maxsize=1)(self._find_indexes)

    @property
    def addresses(self) -> Collection[str]:
        """Of all pages."""
        return self._paths.keys()

    def _page(self, address: str) -> File:
        """KeyError where there is no page."""
        tokens = self._parsed(self._paths[address])
        links = [*self._indexes(), *self._numbers.get(address, ())]
        return file_of(f"{address}.html", _html(tokens, links).encode())

    def _find_indexes(self) -> list[tuple[str, str]]:
        """(address, title)"""
        paths = [path for path in self._texts if path.endswith(f"/{_INDEX}.md")]
        return [(self._addresses[path], _title(self._parsed(path))) for path in paths]

    def _parsed(self, path: str) -> list[Token]:
        tokens = _MARKDOWN.parse(_MARKER.sub("", self._texts[path]))
        for token in _links(tokens):
            _lead(token, posixpath.dirname(path), self._addresses)
        return tokens


DOCS: Final = web.AppKey("docs", Pages)


async def page(request: web.Request) -> web.StreamResponse:
    pages = request.app[DOCS]
    if request.path not in pages.addresses:
        raise web.HTTPNotFound
    return pages.page(request.path).answer(request)


def address_of(path: str) -> str:
    """/docs/kpis/churn of docs/kpis/churn.md; /docs/kpis/ of the README there."""
    return f"/{path.removesuffix('.md').removesuffix(_INDEX)}"


def _html(tokens: Sequence[Token], links: Iterable[tuple[str, str]]) -> str:
    """`links`: (address, name) of what stands in the head of the page."""
    return _SHELL.format(
        title=escape(_title(tokens)),
        links="".join(f'<a href="{escape(address)}">{escape(name)}</a>' for address, name in links),
        body=_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
    )


def _title(tokens: Iterable[Token]) -> str:
    """The first heading."""
    of_heading = False
    for token in tokens:
        if of_heading:
            return "".join(child.content for child in token.children or ())
        of_heading = token.type == "heading_open"
    return ""


def _links(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "link_open":
            yield token
        yield from _links(token.children or ())


def _lead(link: Token, directory: str, addresses: Mapping[str, str]) -> None:
    """Make a link between files one between pages."""
    href = str(link.attrs["href"])
    if _OUTSIDE.match(href):
        return
    target, hash_, anchor = href.partition("#")
    address = addresses.get(posixpath.normpath(posixpath.join(directory, target)))
    if address is None:
        del link.attrs["href"]  # an <a> without one is text
    else:
        link.attrs["href"] = f"{address}{hash_}{anchor}"
