/**
 * The `data_table` block: pages, sorts and filters in the browser. Column headers are buttons,
 * the caption names the table, and the header row stays in sight while rows scroll.
 */

import { h, replace, uniqueId } from "../dom.js";
import { icon } from "../icons.js";
import { cellNodes, cellString, cellTitle, filtered, paged, sorted } from "./cells.js";

const DEFAULT_PAGE_SIZE = 5;

export function drawDataTable(block, context) {
  const [head = [], ...rows] = block.rows ?? [];
  const state = { search: "", sort: undefined, page: 0 };
  const table = {
    head,
    rows,
    state,
    context,
    caption: block.caption ?? "Table",
    size: block.page_size ?? DEFAULT_PAGE_SIZE,
    rowHeader: block.row_header_column_index ?? -1,
    figures: head.map((_, column) => rows.some((row) => row[column]?.type === "raw_number")),
  };
  const parts = { headers: headerCells(table, update), body: h("tbody"), pager: pager(table, update) };
  const node = assemble(table, parts, update);
  function update(change) {
    Object.assign(state, change);
    const matching = filtered(rows, state.search, context.directory);
    const view = paged(sorted(matching, state.sort, context.directory), table.size, state.page);
    state.page = view.page;
    replace(parts.body, bodyRows(table, view.shown));
    parts.headers.forEach((cell, column) => markSorted(cell, state.sort, column));
    parts.pager.show(view, matching.length);
  }
  update({});
  return node;
}

function assemble(table, parts, update) {
  const id = uniqueId("caption");
  const grid = h("table", { class: "grid data-grid", "aria-labelledby": id }, h("thead", null, h("tr", null, parts.headers)), parts.body);
  return h(
    "div",
    { class: "data-table" },
    h("div", { class: "table-top" }, h("div", { class: "table-caption", id }, table.caption), filterBox(table, update)),
    h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-labelledby": id }, grid),
    parts.pager.node,
  );
}

function filterBox(table, update) {
  if (table.rows.length <= 1) return undefined;
  const input = h("input", {
    type: "search",
    class: "entry table-filter",
    placeholder: "Filter rows",
    "aria-label": `Filter rows of ${table.caption}`,
    oninput: () => update({ search: input.value, page: 0 }),
  });
  return h("div", { class: "filter-box" }, icon("search"), input);
}

function headerCells(table, update) {
  return table.head.map((cell, column) => {
    const label = cellString(cell, table.context.directory);
    const press = () => update({ sort: nextSort(table.state.sort, column), page: 0 });
    const button = h("button", { type: "button", class: "sort", onclick: press }, h("span", null, label), h("span", { class: "sort-mark", "aria-hidden": "true" }));
    return h("th", { scope: "col", class: cellClass(table, column) }, button);
  });
}

/** Up, down, and back to the order in which the bot sent the rows. */
function nextSort(sort, column) {
  if (sort?.column !== column) return { column, down: false };
  return sort.down ? undefined : { column, down: true };
}

function markSorted(cell, sort, column) {
  const on = sort?.column === column;
  cell.setAttribute("aria-sort", on ? (sort.down ? "descending" : "ascending") : "none");
  replace(cell.querySelector(".sort-mark"), on ? icon(sort.down ? "down" : "up") : undefined);
}

function bodyRows(table, rows) {
  if (rows.length === 0) {
    return h("tr", null, h("td", { class: "no-rows", colspan: Math.max(1, table.head.length) }, "No row matches."));
  }
  return rows.map((row) => h("tr", null, row.map((cell, column) => {
    const isHeader = column === table.rowHeader;
    const title = cellTitle(cell, table.context.directory);
    const props = { class: cellClass(table, column), scope: isHeader ? "row" : undefined, title };
    return h(isHeader ? "th" : "td", props, cellNodes(cell, table.context));
  })));
}

function cellClass(table, column) {
  const align = table.figures[column] ? "align-right" : "align-left";
  return column === table.rowHeader ? `${align} row-header` : align;
}

function pager(table, update) {
  const count = h("span", { class: "row-count", role: "status" });
  const previous = pageButton("Previous page", "left", () => update({ page: table.state.page - 1 }));
  const next = pageButton("Next page", "right", () => update({ page: table.state.page + 1 }));
  const where = h("span", { class: "page-number" });
  const turning = h("div", { class: "page-buttons" }, previous, where, next);
  return {
    node: h("div", { class: "table-foot" }, count, turning),
    show({ from, to, page, last }, matching) {
      const all = table.rows.length;
      const of = matching === all ? `${all}` : `${matching} (filtered from ${all})`;
      replace(count, last === 0 ? `${of} ${matching === 1 ? "row" : "rows"}` : `${from}–${to} of ${of}`);
      replace(where, `Page ${page + 1} of ${last + 1}`);
      turning.hidden = last === 0;
      enable(previous, page > 0);
      enable(next, page < last);
    },
  };
}

function pageButton(label, picture, press) {
  const turn = () => button.getAttribute("aria-disabled") !== "true" && press();
  const button = h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: turn }, icon(picture));
  return button;
}

/** Not the `disabled` attribute: the last page must not take the focus away from whoever turned to it. */
function enable(button, isEnabled) {
  button.setAttribute("aria-disabled", String(!isEnabled));
}
