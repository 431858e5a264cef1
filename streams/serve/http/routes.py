"""Every address of the board: who answers there, what may be asked, and what the answers are."""

from collections.abc import Sequence
from typing import Final

from streams.serve.http import asking, catalog, docs, files, health, kpi, letters, openapi, readings
from streams.serve.http import series as charts
from streams.serve.http import stream as streams
from streams.serve.http.openapi import HTML, JSON, PLAIN, STREAM, Answer, Route

_REDIS: Final = {503: "Not every partition was read yet, or Redis does not answer."}
_NONE: Final = {404: "There is none."}

ROUTES: Final[Sequence[Route]] = [
    Route("/", files.overview, Answer("The overview, for people.", HTML, cached=True)),
    Route(
        "/kpi/{kpi}",
        files.kpi_page,
        Answer("The page of one KPI, for people.", HTML, cached=True),
        within=kpi.within,
        others={404: "There is no such KPI."},
    ),
    Route("/dead-letters", letters.page, Answer("What was refused, for people.", HTML, cached=True)),
    Route(
        "/docs/{path:.+}",
        docs.page,
        Answer("A page of the reference, or a runbook.", HTML, cached=True),
        within=files.within,
        others=_NONE,
    ),
    Route(
        "/static/{path:.+}",
        files.static,
        Answer("A file of the pages.", "*/*", cached=True),
        within=files.within,
        others=_NONE,
    ),
    Route("/metrics", health.metrics, Answer("The KPIs as gauges, as Prometheus scrapes them.", PLAIN)),
    Route(
        "/api/v1/catalog", catalog.catalog, Answer("What there is to ask for.", JSON, "Catalog", cached=True)
    ),
    Route(
        "/api/v1/readings",
        readings.readings,
        Answer("Readings as they are now.", JSON, "Readings"),
        asks=readings.filter_parameters,
    ),
    Route(
        "/api/v1/kpis/{kpi}",
        kpi.one_kpi,
        Answer("One KPI: its part of the catalog, and its readings.", JSON, "OneKpi"),
        asks=kpi.kpi_parameters,
        within=kpi.within,
    ),
    Route(
        "/api/v1/series",
        charts.series,
        Answer("KPIs pane by pane, for charts.", JSON, "Chart"),
        asks=charts.chart_parameters,
        others=_REDIS,
    ),
    Route(
        "/api/v1/stream",
        streams.stream,
        Answer(
            "Server-sent events: `readings`, whose data are a Readings document, and then at most once a "
            "second `changes`, a Changes document: what is not as it was in the event before.",
            STREAM,
        ),
        asks=readings.filter_parameters,
        others={503: "So many listen already that it can be no more."},
    ),
    Route(
        "/api/v1/explain",
        asking.explain,
        Answer("Why a number is what it is.", JSON, "Explanation"),
        asks=asking.explain_parameters,
        others=_REDIS,
    ),
    Route(
        "/api/v1/waiting",
        asking.waiting,
        Answer("Who waits, the oldest first.", JSON, "Waiting"),
        asks=asking.waiting_parameters,
        others=_REDIS,
    ),
    Route(
        "/api/v1/dead-letters",
        letters.dead_letters,
        Answer("What was refused, by reason, with personal data masked.", JSON, "DeadLetters"),
        asks=letters.letters_parameters,
    ),
    Route("/api/v1/freshness", readings.freshness, Answer("How old the numbers are.", JSON, "Freshness")),
    Route("/api/v1/openapi.json", openapi.openapi, Answer("This document.", JSON, cached=True)),
    Route("/healthz", health.healthz, Answer("The process can answer.", JSON, "Health"), is_open=True),
    Route(
        "/readyz",
        health.readyz,
        Answer("The numbers may be relied on.", JSON, "Ready"),
        others={503: "They may not be, and why."},
        is_open=True,
    ),
]
