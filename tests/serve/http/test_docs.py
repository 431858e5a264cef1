"""The pages at /docs/: every link between them leads to one, and nothing that is written becomes markup."""

import posixpath
import re
from collections.abc import Mapping
from html import unescape

import pytest

from streams.generate import reference, runbooks
from streams.serve.board import Shown
from streams.serve.http.docs import Pages, address_of
from streams.serve.http.files import static_files
from tests.builders import shipped
from tests.serve.builders import StillBoard, web


def texts() -> dict[str, str]:
    return {**reference.texts(shipped().catalog), **runbooks.texts(shipped())}


def html(of: Mapping[str, str], address: str) -> str:
    return Pages(of, shipped().catalog.kpis).page(address).body.decode()


def body(text: str) -> str:
    """Of a single page, what stands between its frame."""
    found = re.search(r"<main .*?>\n(.*)</main>", html({"docs/kpis/a.md": text}, "/docs/kpis/a"), re.DOTALL)
    assert found
    return found[1]


def test_every_link_of_every_page_leads_to_a_page_of_the_board() -> None:
    pages = Pages(texts(), shipped().catalog.kpis)
    made = {address: pages.page(address) for address in pages.addresses}
    board = {"/", *(f"/kpi/{kpi}" for kpi in shipped().catalog.kpis)}
    board |= {f"/static/{path}" for path in static_files()}
    seen = 0
    for address, page in made.items():
        for link in re.findall(r'(?:href|src)="([^"]*)"', page.body.decode()):
            target = unescape(link).partition("#")[0]
            if not re.match(r"https?:|data:", target) and target:
                assert target in made.keys() | board, (address, target)
                seen += 1
    assert seen > 500


def test_links_between_files_become_links_between_pages() -> None:
    of = {
        "docs/kpis/README.md": "[Churn](churn.md)",
        "docs/kpis/churn.md": "[all](README.md) [why](../runbooks/CrmChurn.md#why) [gone](gone.md) [x](#x)",
        "docs/runbooks/CrmChurn.md": "[churn](../kpis/churn.md)",
    }
    assert '<a href="/docs/kpis/churn">Churn</a>' in html(of, "/docs/kpis/")
    churn = html(of, "/docs/kpis/churn")
    assert '<a href="/docs/kpis/">all</a> <a href="/docs/runbooks/CrmChurn#why">why</a>' in churn
    assert '<a>gone</a> <a href="#x">x</a>' in churn
    assert '<a href="/kpi/churn">Its numbers</a>' in churn
    assert 'href="/docs/kpis/churn"' in html(of, "/docs/runbooks/CrmChurn")


def test_tables_are_tables_and_the_note_for_editors_is_not_shown() -> None:
    found = body("<!-- DO NOT EDIT -->\n\n# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<table>" in found and "<td>2</td>" in found
    assert "DO NOT EDIT" not in found


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "# <img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "<b>bold</b>",
    ],
)
def test_what_is_written_never_becomes_markup(text: str) -> None:
    page = html({"docs/kpis/a.md": text}, "/docs/kpis/a")
    assert page.count("<script") == 1  # that of the theme
    assert "<img" not in page and "<b>" not in page
    assert 'href="javascript' not in page


async def test_pages_are_served_and_others_are_not_there() -> None:
    async with web(StillBoard(Shown()), texts=texts()) as client:
        churn = shipped().catalog.kpis["churn"].title
        for path, heading in (
            ("/docs/kpis/churn", churn),
            ("/docs/kpis/", "KPIs"),
            ("/docs/runbooks/", "Runbooks"),
        ):
            response = await client.get(path)
            assert (response.status, response.content_type) == (200, "text/html")
            assert f"<h1>{heading}</h1>" in await response.text()
        for path in ("/docs/kpis/nonsense", "/docs/", "/docs/kpis/churn.md", "/docs/../settings"):
            assert (await client.get(path)).status == 404


def test_the_runbook_of_every_alert_of_the_catalog_has_the_address_that_alerts_name() -> None:
    names = {posixpath.basename(address_of(path)) for path in runbooks.texts(shipped())}
    assert "CrmLeadResponse" in names
