/**
 * The marks of a series inside a chart's plot: lines with shaped points, filled areas, bars.
 */

import { svg } from "../dom.js";

const COLORS = 12;
const RADIUS = 3.5;

export function seriesClass(index) {
  return `series-${(index % COLORS) + 1}`;
}

export function lineMarks({ name, values, categories, index, filled }, plot) {
  const points = values
    .map((value, at) => ({ value, x: plot.x(at), y: plot.y(value), category: categories[at] }))
    .filter((point) => Number.isFinite(point.value));
  const path = points.map((point, at) => `${at === 0 ? "M" : "L"}${point.x} ${point.y}`).join(" ");
  const ground = plot.y(plot.zero);
  const area = filled && points.length > 0 && `${path} L${points.at(-1).x} ${ground} L${points[0].x} ${ground} Z`;
  return svg(
    "g",
    { class: seriesClass(index) },
    area && svg("path", { class: "area", d: area }),
    svg("path", { class: "stroke", d: path }),
    points.map((point) => named(shape(index, point.x, point.y), `${name}, ${point.category}: ${point.value}`)),
  );
}

export function barMarks({ name, values, categories, index, of }, plot) {
  const width = Math.min(28, (plot.step * 0.72) / of);
  const ground = plot.y(plot.zero);
  return svg("g", { class: seriesClass(index) }, values.map((value, at) => {
    if (!Number.isFinite(value)) return undefined;
    const x = plot.x(at) + (index - of / 2) * width;
    const y = Math.min(plot.y(value), ground);
    const bar = svg("rect", { class: "fill", x: x + 1, y, width: Math.max(1, width - 2), height: Math.abs(plot.y(value) - ground), rx: 2 });
    return named(bar, `${name}, ${categories[at]}: ${value}`);
  }));
}

/** A circle, square, triangle or diamond, by turns. */
export function shape(index, x, y) {
  const r = RADIUS;
  const paths = [
    `M${x - r} ${y} a${r} ${r} 0 1 0 ${2 * r} 0 a${r} ${r} 0 1 0 ${-2 * r} 0`,
    `M${x - r} ${y - r} h${2 * r} v${2 * r} h${-2 * r} Z`,
    `M${x} ${y - r - 1} L${x + r + 1} ${y + r} L${x - r - 1} ${y + r} Z`,
    `M${x} ${y - r - 1} L${x + r + 1} ${y} L${x} ${y + r + 1} L${x - r - 1} ${y} Z`,
  ];
  return svg("path", { class: "point", d: paths[index % paths.length] });
}

function named(mark, words) {
  mark.append(svg("title", null, words));
  return mark;
}
