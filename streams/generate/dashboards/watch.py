"""Panels about the pipeline itself. Each leads to the runbooks of the alerts that read the same metrics."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import ValueMapping

from schemas.words import span_ms
from streams import naming
from streams.engine.plan import Plan
from streams.generate.alert_rule import AlertRule
from streams.generate.alerts import alert_rules
from streams.generate.dashboards import words
from streams.generate.dashboards.layout import Tile
from streams.generate.dashboards.looks import GREEN, RED, above, thresholds
from streams.generate.dashboards.panels import (
    Column,
    Head,
    Query,
    bars_panel,
    chart_panel,
    named,
    stat_panel,
    table_panel,
)

_METRIC: Final = re.compile(r"\bcrm_\w+")
_FIRING: Final = 'alertstate="firing"'
_NAMED_BY: Final = (
    *("alertname", "severity", "owner", "kpi"),
    *("window", "dimension", "member", "partition", "source"),
)
"""Labels that tell one alert from another."""
_UP: Final[Mapping[float, tuple[str, str]]] = {0: ("no answer", RED), 1: ("answers", GREEN)}


@dataclass(frozen=True, slots=True)
class Watch:
    """What is shown of the pipeline, on its own dashboard and on the overview."""

    plan: Plan
    rules: Sequence[AlertRule]

    @classmethod
    def of(cls, plan: Plan) -> "Watch":
        return cls(plan, [rule for rule in alert_rules(plan) if rule.group == naming.PIPELINE])

    def stat(
        self,
        title: str,
        about: str,
        expr: str,
        unit: str,
        limits: ThresholdsConfig,
        mappings: Sequence[ValueMapping] = (),
    ) -> Tile:
        panel = stat_panel(self._head(title, about, expr), Query(expr), unit, limits, mappings=mappings)
        return Tile(f"watch/stat/{title}", panel)

    def chart(self, title: str, about: str, unit: str, queries: Mapping[str, str], **style: Any) -> Tile:
        """`queries`: what a series is called -> PromQL."""
        asked = [Query(expr, legend) for legend, expr in queries.items()]
        panel = chart_panel(self._head(title, about, *queries.values()), asked, unit, zero=True, **style)
        return Tile(f"watch/chart/{title}", panel)

    def bars(
        self, title: str, about: str, unit: str, expr: str, legend: str, limits: ThresholdsConfig
    ) -> Tile:
        panel = bars_panel(self._head(title, about, expr), [Query(expr, legend)], unit, limits)
        return Tile(f"watch/bars/{title}", panel)

    def table(
        self, title: str, about: str, rows: Mapping[str, str], columns: Sequence[Column], nothing: str
    ) -> Tile:
        head = self._head(title, about, *(column.expr for column in columns))
        return Tile(f"watch/table/{title}", table_panel(head, rows, columns, nothing))

    def _head(self, title: str, about: str, *exprs: str) -> Head:
        board = self.plan.catalog.links.board
        return Head(title, about, [words.runbook(board, name) for name in self._alerts(exprs)])

    def _alerts(self, exprs: Iterable[str]) -> list[str]:
        """The names of the alerts that read what these do."""
        read = {metric for expr in exprs for metric in _METRIC.findall(expr)}
        return list(dict.fromkeys(rule.name for rule in self.rules if read & set(_METRIC.findall(rule.expr))))

    # -- Whether the numbers can be trusted ---------------------------------------------------------------

    def trust(self) -> list[Tile]:
        """Six numbers that say it."""
        return [
            self._newest(),
            self.stat(
                "Partitions not counted",
                "No worker owns them, or the board cannot read them: the numbers lack what happens there.",
                f"max({naming.PARTITIONS_STALE})",
                "short",
                above(0),
            ),
            self.stat(
                "Partitions held",
                "They wait until somebody has looked: to go on would make wrong numbers in silence.",
                f"count(max by (partition) ({naming.PARTITION_HELD})) or vector(0)",
                "short",
                above(0),
            ),
            self._lag(),
            self.stat(
                "Kafka",
                "Whether it answers all workers.",
                f"min({naming.KAFKA_UP})",
                "short",
                thresholds([(None, RED), (1, GREEN)]),
                [named(_UP)],
            ),
            self.stat(
                "Alerts firing",
                "Of KPIs and of the pipeline, as Prometheus sees them.",
                f'count(ALERTS{{{_FIRING}, owner!=""}}) or vector(0)',
                "short",
                above(0),
            ),
        ]

    def _newest(self) -> Tile:
        limits = self.plan.catalog.pipeline.last_event
        return self.stat(
            "Newest event",
            "How long ago the newest event happened that is in the numbers.",
            f"time() - max({naming.LAST_EVENT})",
            "s",
            above(span_ms(limits.warn) / 1000, span_ms(limits.critical) / 1000),
        )

    def _lag(self) -> Tile:
        limits = self.plan.catalog.pipeline.lag
        return self.stat(
            "Records that wait",
            "They are in Kafka and not in the numbers yet, over all partitions.",
            f"sum(max by (partition) ({naming.LAG}))",
            "short",
            above(limits.warn, limits.critical),
        )

    def alerts(self, groups: Sequence[str] = ()) -> Tile:
        """Those that fire now."""
        of = f', group=~"{"|".join(groups)}"' if groups else ', owner!=""'
        firing = f"ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{{{_FIRING}{of}}}"
        since = f"1000 * max by ({', '.join(_NAMED_BY)}) ({firing})"
        about = "As Prometheus sees them; Alertmanager tells who is told. Each has a runbook on the board."
        runbook = words.runbook(self.plan.catalog.links.board, "${__data.fields.alertname:percentencode}")
        head = Head("Alerts that fire", about, data_links=[("Runbook", runbook[1])])
        rows = {name: name.capitalize() for name in _NAMED_BY} | {"alertname": "Alert"}
        panel = table_panel(head, rows, [Column("Since", since, "dateTimeFromNow")], "none fires")
        return Tile("watch/alerts", panel)
