/**
 * Slack's mrkdwn as nodes: emphasis, code, quotes, links, mentions, dates and emoji. Names
 * come from the directory; a link that is not a web or mail address stays text.
 */

import { fillDate } from "./dates.js";
import { externalLink, h } from "./dom.js";
import { emojiNode } from "./emoji.js";

const FENCE = /```\n?([\s\S]+?)```/;
const PROFILE = /^https?:\/\/[^/]+\/team\/\w+\|@/;
const QUOTE = /^(?:&gt;|>) ?/;
const QUOTE_REST = /^(?:&gt;&gt;&gt;|>>>) ?/;
const INLINE = new RegExp(
  [
    "`([^`\\n]+)`",
    "<([^<>\\n]+)>",
    ":([a-z0-9_+-]+):",
    "(?<![\\w*])\\*(?=\\S)([^*\\n]*?\\S)\\*(?![\\w*])",
    "(?<!\\w)_(?=\\S)([^\\n]*?\\S)_(?!\\w)",
    "(?<![\\w~])~(?=\\S)([^~\\n]*?\\S)~(?![\\w~])",
  ].join("|"),
  "g",
);

export function mrkdwn(text, directory) {
  return String(text ?? "").split(FENCE).flatMap((part, index) => {
    if (index % 2 === 1) return h("pre", { tabindex: 0 }, angled(part.replace(/\n$/, ""), directory));
    return paragraphs(part.replace(index > 0 ? /^\n/ : /^$/, ""), directory);
  });
}

function paragraphs(text, directory) {
  if (text === "") return [];
  const nodes = [];
  const lines = text.split("\n");
  while (lines.length > 0) {
    const quoted = takeQuote(lines);
    if (quoted) nodes.push(h("blockquote", null, joined(quoted, directory)));
    else nodes.push(...joined(takePlain(lines), directory));
  }
  return nodes;
}

function takeQuote(lines) {
  if (QUOTE_REST.test(lines[0])) {
    return lines.splice(0).map((line, index) => (index === 0 ? line.replace(QUOTE_REST, "") : line));
  }
  const taken = takeWhile(lines, (line) => QUOTE.test(line));
  return taken.length > 0 ? taken.map((line) => line.replace(QUOTE, "")) : undefined;
}

function takePlain(lines) {
  return takeWhile(lines, (line) => !QUOTE.test(line));
}

function takeWhile(lines, holds) {
  const end = lines.findIndex((line) => !holds(line));
  return lines.splice(0, end === -1 ? lines.length : end);
}

function joined(lines, directory) {
  return lines.flatMap((line, index) => [index > 0 && h("br"), ...inline(line, directory)]);
}

function inline(text, directory) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(decoded(text.slice(from, match.index)), token(match, directory));
    from = match.index + match[0].length;
  }
  return [...nodes, decoded(text.slice(from))];
}

function token([, code, angle, emoji, bold, italic, strike], directory) {
  if (code !== undefined) return h("code", null, angled(code, directory));
  if (angle !== undefined) return reference(angle, directory);
  if (emoji !== undefined) return emojiNode(emoji);
  if (bold !== undefined) return h("strong", null, inline(bold, directory));
  if (italic !== undefined) return h("em", null, inline(italic, directory));
  return h("s", null, inline(strike, directory));
}

/** Inside code only links and entities still mean something. */
function angled(text, directory) {
  return text.split(/<([^<>\n]+)>/).map((part, index) => (index % 2 === 1 ? reference(part, directory) : decoded(part)));
}

function reference(inside, directory) {
  const bar = inside.indexOf("|");
  const target = bar === -1 ? inside : inside.slice(0, bar);
  const label = bar === -1 ? undefined : decoded(inside.slice(bar + 1));
  if (target.startsWith("@")) return mention(`@${directory.userName(target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${directory.channelName(target.slice(1))}`);
  if (target.startsWith("!")) return special(target.slice(1), label, directory);
  if (PROFILE.test(inside)) return h("span", { class: "person", title: "Opens the profile in Slack" }, label);
  return externalLink(decoded(target), label ?? decoded(target).replace(/^mailto:/, ""));
}

function special(target, label, directory) {
  const [kind, ...rest] = target.split("^");
  if (kind === "date") return dateNode(rest, label);
  if (kind === "subteam") return mention(label ?? `@${directory.groupName(rest[0])}`);
  return mention(`@${kind}`);
}

function dateNode([seconds, format = "", address], fallback = "") {
  const words = fillDate(seconds, decoded(format)) ?? fallback;
  const node = h("time", { title: fallback }, words);
  return address ? externalLink(decoded(address), node) : node;
}

export function mention(text) {
  return h("span", { class: "mention" }, text);
}

export function decoded(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}
