/**
 * The standard Markdown of `markdown` blocks as nodes: headings, lists, quotes, fences, rules,
 * tables and inline styles. It draws what the bot writes, not all of CommonMark, and no HTML.
 */

import { externalLink, h } from "./dom.js";
import { emojiNode } from "./emoji.js";

const INLINE = /\\([\\`*_~[\]<>#|])|`([^`]+)`|\[([^\]]+)\]\(([^()\s]+)\)|\*\*(.+?)\*\*|~~(.+?)~~|(?<![\w*])\*(\S(?:.*?\S)?)\*(?!\w)|(?<!\w)_(\S(?:.*?\S)?)_(?!\w)|:([a-z0-9_+-]+):/g;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const QUOTE = /^>\s?/;
const FENCE = /^```/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$/;

export function markdown(text) {
  const lines = String(text ?? "").split("\n");
  const nodes = [];
  while (lines.length > 0) nodes.push(nextBlock(lines));
  return nodes;
}

function nextBlock(lines) {
  const first = lines[0];
  if (first.trim() === "") return void lines.shift();
  if (FENCE.test(first)) return fence(lines);
  if (HEADING.test(first)) return heading(lines.shift());
  if (RULE.test(first)) return lines.shift() && h("hr");
  if (QUOTE.test(first)) return h("blockquote", null, markdown(take(lines, QUOTE).map((line) => line.replace(QUOTE, "")).join("\n")));
  if (ITEM.test(first)) return list(take(lines, ITEM));
  if (first.includes("|") && TABLE_RULE.test(lines[1] ?? "")) return table(take(lines, /\|/));
  return paragraph(lines);
}

function take(lines, pattern) {
  const end = lines.findIndex((line) => !pattern.test(line));
  return lines.splice(0, end === -1 ? lines.length : end);
}

function fence(lines) {
  lines.shift();
  const end = lines.findIndex((line) => FENCE.test(line));
  const body = lines.splice(0, end === -1 ? lines.length : end);
  lines.shift();
  return h("pre", { tabindex: 0 }, body.join("\n"));
}

function heading(line) {
  const [, marks, words] = line.match(HEADING);
  return h(`h${Math.min(marks.length + 2, 6)}`, { class: `md-heading md-heading-${marks.length}` }, inline(words));
}

function list(lines) {
  const ordered = lines[0].match(ITEM)[1];
  const items = lines.map((line) => h("li", null, inline(line.match(ITEM)[2])));
  return ordered === undefined ? h("ul", null, items) : h("ol", { start: ordered }, items);
}

function table([head, , ...rows]) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "grid" },
      h("thead", null, h("tr", null, cells(head).map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", null, rows.map((row) => h("tr", null, cells(row).map((cell) => h("td", null, cell))))),
    ),
  );
}

function paragraph(lines) {
  const taken = [lines.shift()];
  while (lines.length > 0 && lines[0].trim() !== "" && !startsBlock(lines[0])) taken.push(lines.shift());
  return h("p", null, taken.flatMap((line, index) => [index > 0 && h("br"), ...inline(line)]));
}

function startsBlock(line) {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));
}

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(from, match.index), token(match));
    from = match.index + match[0].length;
  }
  return [...nodes, text.slice(from)];
}

function token([, escaped, code, label, address, bold, strike, star, underscore, emoji]) {
  if (escaped !== undefined) return escaped;
  if (code !== undefined) return h("code", null, code);
  if (address !== undefined) return externalLink(address, inline(label));
  if (bold !== undefined) return h("strong", null, inline(bold));
  if (strike !== undefined) return h("s", null, inline(strike));
  if (emoji !== undefined) return emojiNode(emoji);
  return h("em", null, inline(star ?? underscore));
}
