/**
 * Table cells (`raw_text`, `raw_number`, `rich_text`): how they look, what they say, and how
 * rows are sorted, filtered and cut into pages by it.
 */

import { drawRichText, richTextString } from "./rich_text.js";

const LONG = 44;

export function cellNodes(cell, context) {
  if (cell === null || cell === undefined) return "";
  return cell.type === "rich_text" ? drawRichText(cell, context) : cellString(cell, context.directory);
}

export function cellString(cell, directory) {
  if (cell === null || cell === undefined) return "";
  if (cell.type === "rich_text") return richTextString(cell, directory);
  return String(cell.text ?? cell.value ?? "");
}

/** The whole text where it is too long to be seen at once. */
export function cellTitle(cell, directory) {
  const text = cellString(cell, directory);
  return text.length > LONG ? text : undefined;
}

/** True if every cell below the header is a number, so that 9 sorts before 13. */
function isNumeric(rows, column) {
  return rows.length > 0 && rows.every((row) => row[column]?.type === "raw_number");
}

/** Sorted copy; equal rows keep their order. `sort` is `{column, down}` or nothing. */
export function sorted(rows, sort, directory) {
  if (!sort) return rows;
  const { column, down } = sort;
  const byNumber = (a, b) => a[column].value - b[column].value;
  const byWords = (a, b) => collate(cellString(a[column], directory), cellString(b[column], directory));
  const compare = isNumeric(rows, column) ? byNumber : byWords;
  return rows.toSorted((a, b) => (down ? compare(b, a) : compare(a, b)));
}

const collate = new Intl.Collator("en", { sensitivity: "base" }).compare;

/** Rows in which every word of the search stands in some cell. */
export function filtered(rows, search, directory) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = row.map((cell) => cellString(cell, directory)).join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** One page and its bounds, the page number corrected to one that exists. */
export function paged(rows, size, wanted) {
  const last = Math.max(0, Math.ceil(rows.length / size) - 1);
  const page = Math.min(Math.max(wanted, 0), last);
  const from = page * size;
  const shown = rows.slice(from, from + size);
  return { shown, page, last, from: shown.length > 0 ? from + 1 : 0, to: from + shown.length };
}
