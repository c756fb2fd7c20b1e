/**
 * Pie charts, drawn as a ring with the total in its middle.
 */

import { svg } from "../dom.js";
import { seriesClass } from "./chart_marks.js";

const SIZE = 200;
const OUTER = 92;
const INNER = 56;

export function drawPie(chart, { label }) {
  const segments = chart.segments.filter((segment) => segment.value > 0);
  const total = segments.reduce((sum, segment) => sum + segment.value, 0);
  let turned = 0;
  const slices = segments.map((segment) => {
    const from = turned;
    turned += segment.value / total;
    return slice(segment, chart.segments.indexOf(segment), from, turned, total);
  });
  return svg(
    "svg",
    { class: "plot pie", viewBox: `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": label },
    slices,
    svg("text", { class: "pie-total", y: 4, "text-anchor": "middle" }, new Intl.NumberFormat("en").format(total)),
    svg("text", { class: "pie-word", y: 22, "text-anchor": "middle" }, "in all"),
  );
}

function slice(segment, index, from, to, total) {
  const share = Math.round((100 * segment.value) / total);
  const path = svg("path", { class: `fill slice ${seriesClass(index)}`, d: ring(from, to), "fill-rule": "evenodd" });
  path.append(svg("title", null, `${segment.label}: ${segment.value} (${share} %)`));
  return path;
}

/** A whole turn cannot be one arc, so it stops a hair early. */
function ring(from, to) {
  const end = Math.min(to, from + 0.99999);
  const large = end - from > 0.5 ? 1 : 0;
  const at = (radius, part) => {
    const angle = (part - 0.25) * 2 * Math.PI;
    return `${radius * Math.cos(angle)} ${radius * Math.sin(angle)}`;
  };
  return [
    `M${at(OUTER, from)}`,
    `A${OUTER} ${OUTER} 0 ${large} 1 ${at(OUTER, end)}`,
    `L${at(INNER, end)}`,
    `A${INNER} ${INNER} 0 ${large} 0 ${at(INNER, from)}`,
    "Z",
  ].join(" ");
}
