"""The kinds of panels, each in the one way in which we use it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    prometheus,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink as Link
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TableCellBackgroundDisplayMode,
    TableCellHeight,
    TableColoredBackgroundCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DashboardSpecialValueMapOptions,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Panel,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from streams.generate.dashboards.looks import GREY, PLAIN, by_thresholds, fixed, plain
from streams.generate.dashboards.source import SOURCE

NO_VALUE: Final = "no value"
NO_NUMBER: Final = "–"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What a panel says of itself, and where its links lead."""

    title: str
    description: str
    links: Sequence[tuple[str, str]] = ()
    """(title, address) of the panel's menu."""
    data_links: Sequence[tuple[str, str]] = ()
    """The same, of each value."""


class _Builder(Protocol):
    """What the library's builders of panels have in common."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def links(self, links: list[Builder[Any]]) -> Self: ...
    def data_links(self, links: list[Builder[Any]]) -> Self: ...


def stat_panel(
    head: Head,
    query: Query,
    unit: str,
    limits: ThresholdsConfig,
    decimals: int | None = None,
    mappings: Sequence[ValueMapping] = (),
) -> Panel:
    """One number, with its line behind it.

    What has no value now must not show its last one: there it is NaN, and the panel says so.
    """
    builder = _headed(stat.Panel(), head).unit(unit).thresholds(limits).color_scheme(by_thresholds())
    builder = builder.with_target(_range("A", query)).mappings([_nothing(), *mappings]).no_value(NO_VALUE)
    builder = builder.reduce_options(common.ReduceDataOptions().values(False).calcs(["last"]))
    builder = builder.graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE)
    builder = builder.text_mode(BigValueTextMode.VALUE)
    return (builder if decimals is None else builder.decimals(decimals)).build()


def _nothing() -> ValueMapping:
    return SpecialValueMap(
        options=DashboardSpecialValueMapOptions(
            match=SpecialValueMatch.NULL_AND_NAN, result=ValueMappingResult(text=NO_VALUE, color=GREY)
        )
    )


def named(texts: Mapping[float, tuple[str, str]]) -> ValueMapping:
    """Value -> what is shown instead, and its colour."""
    return ValueMap(
        options={
            f"{value:g}": ValueMappingResult(text=shown, color=color, index=at)
            for at, (value, (shown, color)) in enumerate(texts.items())
        }
    )


def chart_panel(
    head: Head,
    queries: Sequence[Query],
    unit: str,
    limits: ThresholdsConfig | None = None,
    styles: Mapping[str, Mapping[str, Any]] | None = None,
    stacked: bool = False,
    zero: bool = False,
    no_value: str = NO_VALUE,
    span: str | None = None,
) -> Panel:
    """Lines over time, from `zero` up or as near as can be. `styles`: name of a series -> its properties.
    `span`: of its own, such as 30d.
    """
    builder = _headed(timeseries.Panel(), head).unit(unit).no_value(no_value).color_scheme(plain())
    for at, query in enumerate(queries):
        builder = builder.with_target(_range(_letter(at), query))
    builder = builder.line_width(2).fill_opacity(30 if stacked else 8).legend(_legend())
    builder = builder.tooltip(_tooltip())
    builder = builder.axis_soft_min(0) if zero else builder
    if limits is not None:
        lines = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        builder = builder.thresholds(limits).thresholds_style(lines)
    if span is not None:
        builder = builder.time_from(span)
    if stacked:
        builder = builder.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for name, style in (styles or {}).items():
        builder = builder.override_by_name(name, _properties(style))
    return builder.build()


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    return legend.placement(LegendPlacement.BOTTOM).show_legend(True).calcs(["lastNotNull"])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.NONE)


def timeline_panel(head: Head, queries: Sequence[Query], states: ValueMapping) -> Panel:
    """A bar for each series, coloured by the state that it was in."""
    builder = _headed(statetimeline.Panel(), head).mappings([states]).no_value(NO_VALUE)
    for at, query in enumerate(queries):
        builder = builder.with_target(_range(_letter(at), query))
    builder = builder.show_value(VisibilityMode.NEVER).merge_values(True).row_height(0.8)
    return builder.color_scheme(fixed(GREY)).line_width(0).legend(_legend()).tooltip(_tooltip()).build()


@dataclass(frozen=True, slots=True)
class Column:
    """What one query gives each row of a table."""

    name: str
    expr: str
    unit: str
    decimals: int | None = None
    limits: ThresholdsConfig | None = None
    """Colours of its cells."""


def table_panel(
    head: Head, rows: Mapping[str, str], columns: Sequence[Column], no_value: str = NO_VALUE
) -> Panel:
    """A row for each set of labels. `rows`: label -> its heading, in order; then the columns, the first of
    which decides the order of the rows."""
    builder = _headed(table.Panel(), head).no_value(no_value).cell_height(TableCellHeight.SM)
    for at, column in enumerate(columns):
        builder = builder.with_target(_instant(_letter(at), column.expr))
        builder = builder.override_by_name(column.name, _properties(_column_style(column)))
    names = {f"Value #{_letter(at)}": column.name for at, column in enumerate(columns)}
    for transformation in _merged({**rows, "Value": columns[0].name, **names}):
        builder = builder.with_transformation(transformation)
    order = common.TableSortByFieldState().display_name(columns[0].name).desc(True)
    return _with_empty_cells(builder, NO_NUMBER).sort_by([order]).build()


def _with_empty_cells(builder: table.Panel, number: str) -> table.Panel:
    """Else each empty cell says what is said where there is no row at all."""
    builder = builder.override_by_field_type("string", _properties({"noValue": ""}))
    return builder.override_by_field_type("number", _properties({"noValue": number}))


def _column_style(column: Column) -> dict[str, Any]:
    style: dict[str, Any] = {"unit": column.unit}
    if column.decimals is not None:
        style["decimals"] = column.decimals
    if column.limits is not None:
        style |= {"thresholds": column.limits.build(), "custom.cellOptions": {"type": "color-text"}}
    return style


def _merged(names: Mapping[str, str]) -> list[DataTransformerConfig]:
    """One table of all queries, with these columns in this order; that of a lone query is called `Value`."""
    order = {name: at for at, name in enumerate(names)}
    only = {"include": {"names": list(names)}}
    organized = {"excludeByName": {}, "indexByName": order, "renameByName": dict(names)}
    return [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(id_val="filterFieldsByName", options=only),
        DataTransformerConfig(id_val="organize", options=organized),
    ]


def matrix_panel(head: Head, expr: str, row: str, column: str, cells: ValueMapping, no_value: str) -> Panel:
    """A table with a line for each value of one label and a column for each of another."""
    builder = _headed(table.Panel(), head).with_target(_instant("A", expr)).mappings([cells])
    builder = builder.cell_options(_colored()).color_scheme(fixed("transparent")).no_value(no_value)
    options = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    builder = builder.with_transformation(DataTransformerConfig("groupingToMatrix", options=options))
    return _with_empty_cells(builder, "").build()


def _colored() -> TableColoredBackgroundCellOptions:
    return TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)


def bars_panel(
    head: Head, queries: Sequence[Query], unit: str, limits: ThresholdsConfig | None = None
) -> Panel:
    """A bar for each series, as it is now."""
    builder = _headed(bargauge.Panel(), head).unit(unit).min(0).no_value(NO_VALUE)
    for at, query in enumerate(queries):
        builder = builder.with_target(_now(_letter(at), query))
    builder = builder.orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.GRADIENT)
    builder = builder.value_mode(BarGaugeValueMode.COLOR).name_placement(BarGaugeNamePlacement.LEFT)
    builder = builder.reduce_options(common.ReduceDataOptions().values(False).calcs(["last"]))
    if limits is None:
        return builder.color_scheme(fixed(PLAIN)).build()
    return builder.thresholds(limits).color_scheme(by_thresholds()).build()


def text_panel(title: str, markdown: str) -> Panel:
    """What no query tells."""
    return text.Panel().title(title).mode(TextMode.MARKDOWN).content(markdown).build()


# -- Parts ------------------------------------------------------------------------------------------------

_Any = TypeVar("_Any", bound=_Builder)


def _headed(builder: _Any, head: Head) -> _Any:
    builder = builder.title(head.title).description(head.description).datasource(SOURCE)
    return builder.links(_links(head.links)).data_links(_links(head.data_links))


def _links(links: Iterable[tuple[str, str]]) -> list[Builder[Any]]:
    return [
        Link(title).type(DashboardLinkType.LINK).url(address).target_blank(True) for title, address in links
    ]


def _letter(at: int) -> str:
    """What Grafana calls the query at a place of a panel."""
    return chr(ord("A") + at) if at < 26 else f"Q{at}"


def _query(letter: str, expr: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(letter).expr(expr).datasource(SOURCE)


def _range(letter: str, query: Query) -> prometheus.Dataquery:
    return _query(letter, query.expr).range().legend_format(query.legend or "__auto")


def _now(letter: str, query: Query) -> prometheus.Dataquery:
    return _query(letter, query.expr).instant().legend_format(query.legend or "__auto")


def _instant(letter: str, expr: str) -> prometheus.Dataquery:
    return _query(letter, expr).instant().format(PromQueryFormat.TABLE)


def _properties(style: Mapping[str, Any]) -> list[DynamicConfigValue]:
    return [DynamicConfigValue(id_val=name, value=value) for name, value in style.items()]
