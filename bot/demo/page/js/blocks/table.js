/**
 * The plain `table` block: first row as header, alignment and wrapping by column settings.
 */

import { h } from "../dom.js";
import { cellNodes, cellTitle } from "./cells.js";

const ALIGNMENTS = new Set(["left", "center", "right"]);

export function drawTable(block, context) {
  const [head = [], ...rows] = block.rows ?? [];
  const settings = block.column_settings ?? [];
  const cell = (tag, props) => (value, column) => {
    const title = settings[column]?.is_wrapped ? undefined : cellTitle(value, context.directory);
    const own = { ...props, class: columnClass(settings[column], value), title };
    return h(tag, own, cellNodes(value, context));
  };
  const line = (row) => h("tr", null, row.map(cell("td")));
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "grid" },
      h("thead", null, h("tr", null, head.map(cell("th", { scope: "col" })))),
      h("tbody", null, rows.map(line)),
    ),
  );
}

function columnClass(setting, cell) {
  const asked = ALIGNMENTS.has(setting?.align) ? setting.align : undefined;
  const align = asked ?? (cell?.type === "raw_number" ? "right" : "left");
  return `align-${align}${setting?.is_wrapped ? " wrapped" : ""}`;
}
