/**
 * The `data_visualization` block: a figure with an inline SVG chart, a legend, and the same
 * numbers as a table, which is what screen readers are given.
 */

import { h, replace, uniqueId } from "../dom.js";
import { categoriesOf, drawAxesChart, markerFor } from "./chart_axes.js";
import { drawPie } from "./chart_pie.js";
import { placeholder } from "./placeholder.js";

const HEIGHT = 260;
const NARROWEST = 260;
const WIDEST = 760;

export function drawChart(block) {
  const chart = block.chart ?? {};
  const draw = { line: drawAxesChart, bar: drawAxesChart, area: drawAxesChart, pie: drawPie }[chart.type];
  if (!draw) return placeholder(`data_visualization: ${chart.type}`);
  const title = block.title ?? "Chart";
  const table = numbers(chart, title);
  const canvas = h("div", { class: "chart-canvas" });
  redrawOnResize(canvas, (width) => draw(chart, { width, height: HEIGHT, label: `${title}: ${chart.type} chart. ${summary(chart)}` }));
  return h(
    "figure",
    { class: `chart chart-${chart.type}` },
    h("figcaption", { class: "chart-title" }, title),
    canvas,
    legend(chart),
    h("details", { class: "chart-data" }, h("summary", null, "Show the numbers"), table),
  );
}

function redrawOnResize(canvas, draw) {
  let drawn = 0;
  const fit = (available) => {
    const width = Math.round(Math.min(Math.max(available, NARROWEST), WIDEST));
    if (width === drawn) return;
    drawn = width;
    replace(canvas, draw(width));
  };
  fit(WIDEST * 0.75);
  new ResizeObserver(([entry]) => entry.contentRect.width > 0 && fit(entry.contentRect.width)).observe(canvas);
}

function summary(chart) {
  if (chart.type === "pie") {
    return chart.segments.map((segment) => `${segment.label} ${segment.value}`).join(", ");
  }
  return chart.series.map((series) => {
    const points = series.data.map((point) => `${point.label} ${point.value}`).join(", ");
    return `${series.name}: ${points}`;
  }).join(". ");
}

function legend(chart) {
  const names = chart.type === "pie" ? chart.segments.map((segment) => segment.label) : chart.series.map((series) => series.name);
  if (chart.type !== "pie" && names.length < 2) return undefined;
  return h("ul", { class: "legend" }, names.map((name, index) => {
    const value = chart.type === "pie" && h("span", { class: "legend-value" }, written(chart.segments[index].value));
    return h("li", null, markerFor(chart.type, index), name, value);
  }));
}

function numbers(chart, title) {
  const { head, rows } = chart.type === "pie" ? pieNumbers(chart) : seriesNumbers(chart);
  const label = uniqueId("numbers");
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-labelledby": label },
    h(
      "table",
      { class: "grid" },
      h("caption", { class: "visually-hidden", id: label }, `${title}, in numbers`),
      h("thead", null, h("tr", null, head.map((words, column) => h("th", { scope: "col", class: align(column) }, words)))),
      h("tbody", null, rows.map(([name, ...values]) =>
        h("tr", null, h("th", { scope: "row" }, name), values.map((value) => h("td", { class: "align-right" }, value === undefined ? "–" : written(value)))),
      )),
    ),
  );
}

function written(value) {
  return typeof value === "number" ? new Intl.NumberFormat("en").format(value) : value;
}

function align(column) {
  return column === 0 ? "align-left" : "align-right";
}

function pieNumbers(chart) {
  const total = chart.segments.reduce((sum, segment) => sum + segment.value, 0);
  const share = (value) => (total > 0 ? `${Math.round((100 * value) / total)} %` : "–");
  return { head: ["Segment", "Value", "Share"], rows: chart.segments.map(({ label, value }) => [label, value, share(value)]) };
}

function seriesNumbers(chart) {
  const values = chart.series.map((series) => new Map(series.data.map((point) => [point.label, point.value])));
  return {
    head: [chart.axis_config?.x_label ?? "", ...chart.series.map((series) => series.name)],
    rows: categoriesOf(chart).map((category) => [category, ...values.map((points) => points.get(category))]),
  };
}
