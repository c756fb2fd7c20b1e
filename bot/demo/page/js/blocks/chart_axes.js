/**
 * Line, bar and area charts: axes with round ticks, one colour and one shape per series, so
 * that nothing is told by colour alone. Hovering a mark names its value.
 */

import { svg } from "../dom.js";
import { barMarks, lineMarks, seriesClass, shape } from "./chart_marks.js";

const MARGIN = { top: 12, right: 14, bottom: 34 };
const CHARACTER = 6.6;
const TICKS = 5;

export function drawAxesChart(chart, { width, height, label }) {
  const categories = categoriesOf(chart);
  const series = chart.series.map(({ name, data }) => {
    const values = new Map(data.map((point) => [point.label, point.value]));
    return { name, values: categories.map((category) => values.get(category)) };
  });
  const scale = valueScale(series.flatMap((one) => one.values).filter(Number.isFinite));
  const plot = plotArea(chart, scale, width, height, categories.length);
  const marks = chart.type === "bar" ? barMarks : lineMarks;
  return svg(
    "svg",
    { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    valueAxis(plot, scale),
    categoryAxis(plot, categories),
    axisNames(chart, plot),
    series.map((one, index) => marks({ ...one, index, of: series.length, categories, filled: chart.type === "area" }, plot)),
  );
}

export function categoriesOf(chart) {
  return chart.axis_config?.categories ?? chart.series[0]?.data.map((point) => point.label) ?? [];
}

function plotArea(chart, scale, width, height, count) {
  const named = Boolean(chart.axis_config?.y_label);
  const left = 14 + Math.max(...scale.ticks.map((tick) => tickLabel(tick).length)) * CHARACTER + (named ? 18 : 0);
  const bottom = MARGIN.bottom + (chart.axis_config?.x_label ? 16 : 0);
  const inner = { width: width - left - MARGIN.right, height: height - MARGIN.top - bottom };
  const step = inner.width / Math.max(count, 1);
  return {
    left,
    step,
    width: inner.width,
    top: MARGIN.top,
    base: MARGIN.top + inner.height,
    x: (index) => left + (index + 0.5) * step,
    y: (value) => MARGIN.top + inner.height * (1 - (value - scale.low) / (scale.high - scale.low)),
    zero: Math.max(scale.low, 0),
  };
}

/** Ticks at 1, 2 or 5 times a power of ten that enclose every value and zero. */
function valueScale(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const rough = (high - low || 1) / (TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const fine = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const step = values.every(Number.isInteger) ? Math.max(1, fine) : fine;
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return { low: ticks[0], high: ticks.at(-1), ticks };
}

function tickLabel(value) {
  return new Intl.NumberFormat("en", { maximumFractionDigits: 2, notation: Math.abs(value) >= 100_000 ? "compact" : "standard" }).format(value);
}

function valueAxis(plot, scale) {
  return svg("g", { class: "axis" }, scale.ticks.map((tick) => [
    svg("line", { class: tick === 0 ? "zero" : "rule", x1: plot.left, x2: plot.left + plot.width, y1: plot.y(tick), y2: plot.y(tick) }),
    svg("text", { x: plot.left - 8, y: plot.y(tick) + 4, "text-anchor": "end" }, tickLabel(tick)),
  ]));
}

/** Only every so many categories are named when there is no room for all. */
function categoryAxis(plot, categories) {
  const longest = Math.max(1, ...categories.map((category) => category.length));
  const every = Math.max(1, Math.ceil((longest * CHARACTER + 8) / plot.step));
  return svg("g", { class: "axis" }, categories.map((category, index) =>
    index % every === 0 && svg("text", { x: plot.x(index), y: plot.base + 18, "text-anchor": "middle" }, category),
  ));
}

function axisNames(chart, plot) {
  const { x_label: xLabel, y_label: yLabel } = chart.axis_config ?? {};
  const middle = (plot.top + plot.base) / 2;
  return svg(
    "g",
    { class: "axis-name" },
    xLabel && svg("text", { x: plot.left + plot.width / 2, y: plot.base + 38, "text-anchor": "middle" }, xLabel),
    yLabel && svg("text", { x: 12, y: middle, transform: `rotate(-90 12 ${middle})`, "text-anchor": "middle" }, yLabel),
  );
}

/** The sample of a series beside its name in the legend. */
export function markerFor(type, index) {
  const props = { class: `marker ${seriesClass(index)}`, viewBox: "0 0 20 12", width: 20, height: 12, "aria-hidden": "true" };
  if (type === "bar" || type === "pie") return svg("svg", props, svg("rect", { class: "fill", x: 4, width: 12, height: 12, rx: 3 }));
  return svg("svg", props, svg("line", { class: "stroke", x1: 0, x2: 20, y1: 6, y2: 6 }), shape(index, 10, 6));
}
