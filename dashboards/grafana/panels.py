"""Builds panels with the Grafana SDK, and sets what the SDK's builders leave empty or set wrongly.

The SDK gives panels no id and targets no refId (links and alerts then break), hides legends, does not set reducers,
and at import reports the builders of the only format that every Grafana loads as deprecated.
"""

import warnings
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Final, NamedTuple, Protocol, Self, TypeVar

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, text, timeseries
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.models import common as shapes
    from grafana_foundation_sdk.models import dashboard as models
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from streams.contract.metrics.all_metrics import metric_by_name

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
"""Colours of the Okabe-Ito palette, which people with any kind of colour vision can distinguish; never red and green."""

DATA_SOURCE: Final = shapes.DataSourceRef("prometheus", "${datasource}")
_LAST_VALUE: Final = ["lastNotNull"]
_NO_VALUE: Final = "no figure"

PanelBuilder = Builder[models.Panel]
Dashboard = models.Dashboard
ThresholdStep = tuple[float | None, str]
ThresholdSteps = Sequence[ThresholdStep]
NO_THRESHOLDS: Final[ThresholdSteps] = ((None, BLUE),)


class Query(NamedTuple):
    """One query of a panel: `legend` names its series, `column` is its heading in a table."""

    expr: str
    legend: str = "{{platform}}"
    column: str = ""
    unit: str = ""


class PanelSpec(NamedTuple):
    """What every panel needs: title, meaning of the figure, unit, and size (width in 24ths, height in rows)."""

    title: str
    description: str
    unit: str
    width: int = 12
    height: int = 9


class _Panel(Protocol):
    """The methods that the builders of all panel kinds share."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: shapes.DataSourceRef) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def decimals(self, decimals: float) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def thresholds(self, thresholds: Builder[models.ThresholdsConfig]) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...
    def with_target(self, target: prometheus.Dataquery) -> Self: ...


_PanelT = TypeVar("_PanelT", bound=_Panel)


def build_dashboard(title: str, uid: str, rows: Mapping[str, Sequence[PanelBuilder]]) -> Dashboard:
    """Return a dashboard of titled rows; panels have ids from 1 in reading order, so that links to them stay valid."""
    builder = (
        dashboard.Dashboard(title).uid(uid).tags(["safeclock"]).timezone("utc").time("now-7d", "now").refresh("1m")
    )
    builder.readonly().tooltip(models.DashboardCursorSync.CROSSHAIR)
    builder.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    builder.with_variable(_platform_variable())
    for heading, panels in rows.items():
        builder.with_row(dashboard.Row(heading))
        for panel in panels:
            builder.with_panel(panel)
    built = builder.build()
    for number, panel_model in enumerate(built.panels or (), start=1):
        panel_model.id_val = number
    return built


def stat_panel(
    spec: PanelSpec, query: Query, thresholds: ThresholdSteps = NO_THRESHOLDS, texts: Mapping[str, str] | None = None
) -> stat.Panel:
    """Return a panel that shows one number per series; `texts` replaces numbers by words."""
    panel = _with_defaults(stat.Panel(), spec, thresholds).reduce_options(common.ReduceDataOptions().calcs(_LAST_VALUE))
    _add_targets(panel, [query], PromQueryFormat.TIME_SERIES, is_instant=True)
    return panel.mappings([_value_map(texts)]) if texts else panel


def bar_panel(spec: PanelSpec, query: Query, thresholds: ThresholdSteps = NO_THRESHOLDS) -> bargauge.Panel:
    """Return a panel with one bar per bucket of a histogram; each bar counts its own bucket only."""
    panel = _with_defaults(bargauge.Panel(), spec, thresholds).reduce_options(
        common.ReduceDataOptions().calcs(_LAST_VALUE)
    )
    _add_targets(panel, [query], PromQueryFormat.HEATMAP, is_instant=True)
    return panel.min(0)


def timeseries_panel(
    spec: PanelSpec, queries: Sequence[Query], thresholds: ThresholdSteps = NO_THRESHOLDS
) -> timeseries.Panel:
    """Return a panel of lines over time, with a legend that shows the last value."""
    legend = common.VizLegendOptions().show_legend(show_legend=True).calcs(_LAST_VALUE)
    legend = legend.display_mode(shapes.LegendDisplayMode.TABLE).placement(shapes.LegendPlacement.RIGHT)
    panel = _with_defaults(timeseries.Panel(), spec, thresholds).legend(legend).line_width(2)
    _add_targets(panel, queries, PromQueryFormat.TIME_SERIES, is_instant=False)
    if len(thresholds) > 1:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED))
    return panel


def table_panel(spec: PanelSpec, queries: Sequence[Query], texts: Mapping[str, str]) -> table.Panel:
    """Return a table with a row per platform and a column per query; `texts` replaces numbers by words."""
    panel = _with_defaults(table.Panel(), spec, NO_THRESHOLDS)
    if texts:
        panel.mappings([_value_map(texts)])
    _add_targets(panel, queries, PromQueryFormat.TABLE, is_instant=True)
    several = len(queries) > 1
    query_by_field = {
        f"Value #{ref}" if several else "Value": query for ref, query in zip(ascii_uppercase, queries, strict=False)
    }
    for query in queries:
        if query.unit:
            panel.override_by_name(query.column, [models.DynamicConfigValue("unit", query.unit)])
    names = {"platform": "Platform"} | {value: query.column for value, query in query_by_field.items()}
    order = {name: index for index, name in enumerate(names)}
    options = {"excludeByName": {"Time": True}, "renameByName": names, "indexByName": order}
    return panel.with_transformation(_transformation("merge", {})).with_transformation(
        _transformation("organize", options)
    )


def matrix_panel(
    spec: PanelSpec, query: Query, label: str, thresholds: ThresholdSteps, texts: Mapping[str, str] | None = None
) -> table.Panel:
    """Return a table with a row per platform and a column per value of `label`, the last value first, cells coloured.

    `texts` replaces numbers by words.
    """
    cell = shapes.TableColoredBackgroundCellOptions(mode=shapes.TableCellBackgroundDisplayMode.BASIC)
    panel = _with_defaults(table.Panel(), spec, thresholds).cell_options(cell)
    _add_targets(panel, [query], PromQueryFormat.TABLE, is_instant=True)
    panel.mappings([*([_value_map(texts)] if texts else []), _no_value_map()])
    order = {"fields": {}, "sort": [{"field": label, "desc": True}]}
    # Thresholds would colour the platform's name like the lowest value.
    no_colour = models.DynamicConfigValue("custom.cellOptions", {"type": "auto"})
    panel.override_by_name(rf"platform\{label}", [no_colour])
    matrix = {"rowField": "platform", "columnField": label, "valueField": "Value"}
    return panel.with_transformation(_transformation("sortBy", order)).with_transformation(
        _transformation("groupingToMatrix", matrix)
    )


def text_panel(title: str, content: str, height: int = 6) -> text.Panel:
    """Return a panel of text over the full width of the dashboard."""
    return text.Panel().title(title).description(title).content(content).span(24).height(height)


def _platform_variable() -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable("platform").label("Platform").datasource(DATA_SOURCE)
    variable.query(f"label_values({metric_by_name('safeclock_platform_info').name}, platform)")
    variable.multi(multi=True).include_all(include_all=True)
    return variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)


def _with_defaults(panel: _PanelT, spec: PanelSpec, thresholds: ThresholdSteps) -> _PanelT:
    levels = [models.Threshold(value=value, color=colour) for value, colour in thresholds]
    config = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(levels)
    panel.title(spec.title).description(spec.description).datasource(DATA_SOURCE).unit(spec.unit).thresholds(config)
    return panel.decimals(1).no_value(_NO_VALUE).span(spec.width).height(spec.height)


def _add_targets(panel: _Panel, queries: Sequence[Query], query_format: PromQueryFormat, *, is_instant: bool) -> None:
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        target = prometheus.Dataquery().datasource(DATA_SOURCE).ref_id(ref).expr(query.expr).legend_format(query.legend)
        target.format(query_format)
        panel.with_target(target.instant() if is_instant else target.range())


def _value_map(texts: Mapping[str, str]) -> models.ValueMap:
    return models.ValueMap({value: models.ValueMappingResult(text=word) for value, word in texts.items()})


def _no_value_map() -> models.SpecialValueMap:
    """Return the mapping for empty cells: no colour, since thresholds would colour them like the lowest value."""
    none = models.ValueMappingResult(text=_NO_VALUE, color="transparent")
    return models.SpecialValueMap(models.DashboardSpecialValueMapOptions(models.SpecialValueMatch.EMPTY, none))


def _transformation(kind: str, options: Mapping[str, object]) -> models.DataTransformerConfig:
    return models.DataTransformerConfig(id_val=kind, options=options)
