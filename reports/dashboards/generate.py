"""Grafana's JSON of the panels: `python -m reports.dashboards.generate` writes zep-guard.json anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from reports.dashboards.panels import DRILLED, FIRING, PANELS, Kind, Panel

HOUSE = Path(__file__).parent
FILE = HOUSE / "zep-guard.json"
SOURCE = DataSourceRef("prometheus", "${datasource}")
WIDTH, HEIGHT = 8, 8
"""Of a panel, in Grafana's grid of 24 columns."""
LINE, BARS = 10, 60
"""How opaque what is under a line or in a bar is, in percent."""


def generated() -> str:
    """Return the dashboard as it is committed."""
    return json.dumps(_dashboard().build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _dashboard() -> dashboard.Dashboard:
    built = (
        dashboard.Dashboard("Zep guard")
        .uid("zep-guard")
        .description("What the guard in front of Zep does. Generated: change panels.py, not this.")
        .tags(["zep-guard"])
        .readonly()
        .time("now-1h", "now")
        .timezone("browser")
        .refresh("10s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_jobs())
        .annotation(_marks("Drills", DRILLED, "blue", "a run of drills holds the gateway"))
        .annotation(_marks("Alerts", FIRING, "red", "{{alertname}} ({{severity}})"))
    )
    for number, panel in enumerate(PANELS, 1):
        built.with_panel(_panel(number, panel))
    return built


def _jobs() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("job")
        .label("Job")
        .datasource(SOURCE)
        .query("label_values(memory_mode_gauge, job)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def _marks(name: str, expression: str, colour: str, title: str) -> dashboard.AnnotationQuery:
    marks = dashboard.AnnotationQuery().name(name).datasource(SOURCE).enable(enable=True).icon_color(colour)
    return marks.expr(expression).title_format(title).step("5s")


def _panel(number: int, panel: Panel) -> Any:
    drawn = (
        _DRAWN[panel.kind]()
        .id(number)
        .title(panel.title)
        .description(panel.about)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(WIDTH)
        .height(HEIGHT)
        .thresholds(_steps(panel))
        .no_value("nothing")
    )
    if panel.words:
        words = {value: ValueMappingResult(text=word) for value, word in panel.words.items()}
        drawn.mappings([ValueMap(words)])
    for legend, colour in panel.colours.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        drawn.override_by_name(legend, [DynamicConfigValue("color", fixed)])
    for ref_id, (legend, expression) in zip("ABCDEFGH", panel.queries.items(), strict=False):
        drawn.with_target(_query(panel.kind, legend, expression).ref_id(ref_id))
    return drawn


def _query(kind: Kind, legend: str, expression: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(SOURCE).expr(expression)
    if kind is Kind.TABLE:
        return query.instant().format(PromQueryFormat.TABLE)
    if kind is Kind.STAT:  # a range would show the last value of a mode that nobody is in any more
        return query.instant().legend_format(legend)
    return query.range().legend_format(legend)


def _steps(panel: Panel) -> dashboard.ThresholdsConfig:
    (_, first), *others = panel.steps
    steps = [Threshold(None, first), *(Threshold(value, colour) for value, colour in others)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _stat() -> stat.Panel:
    return (
        stat.Panel()
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .color_mode(BigValueColorMode.BACKGROUND)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _lines() -> timeseries.Panel:
    dashed = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return _over_time().fill_opacity(LINE).thresholds_style(dashed)


def _bars() -> timeseries.Panel:
    return _over_time().decimals(0).draw_style(GraphDrawStyle.BARS).fill_opacity(BARS)


def _over_time() -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    together = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    return timeseries.Panel().min(0).legend(legend.show_legend(show_legend=True)).tooltip(together)


def _table() -> table.Panel:
    columns = {"excludeByName": {"Time": True}, "renameByName": {"Value": "failures"}}
    return table.Panel().decimals(0).with_transformation(DataTransformerConfig("organize", options=columns))


_DRAWN: dict[Kind, Any] = {Kind.STAT: _stat, Kind.LINES: _lines, Kind.BARS: _bars, Kind.TABLE: _table}


if __name__ == "__main__":
    FILE.write_text(generated())
