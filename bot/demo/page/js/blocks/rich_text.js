/**
 * Rich text: sections, lists, preformatted text and quotes with styled runs, people,
 * channels, links, dates and emoji. Also its plain string, for sorting and filtering tables.
 */

import { fillDate } from "../dates.js";
import { externalLink, h } from "../dom.js";
import { emojiNode } from "../emoji.js";
import { mention } from "../mrkdwn.js";
import { placeholder } from "./placeholder.js";

export function drawRichText(block, context) {
  return h("div", { class: "text rich-text" }, (block.elements ?? []).map((element) => drawPart(element, context)));
}

function drawPart(part, context) {
  switch (part.type) {
    case "rich_text_list":
      return drawList(part, context);
    case "rich_text_preformatted":
      return h("pre", { tabindex: 0 }, runs(part, context));
    case "rich_text_quote":
      return h("blockquote", { class: "rich-line" }, runs(part, context));
    case "rich_text_section":
      return h("div", { class: "rich-line" }, runs(part, context));
    default:
      return placeholder(part.type);
  }
}

function drawList(part, context) {
  const items = part.elements.map((item) => h("li", { class: "rich-line" }, runs(item, context)));
  const indent = `indent-${Math.min(part.indent ?? 0, 4)}`;
  if (part.style !== "ordered") return h("ul", { class: indent }, items);
  return h("ol", { class: indent, start: (part.offset ?? 0) + 1 }, items);
}

function runs(part, context) {
  return part.elements.map((run) => styled(drawRun(run, context), run.style));
}

function drawRun(run, { directory }) {
  switch (run.type) {
    case "text":
      return run.text;
    case "link":
      return externalLink(run.url, run.text ?? run.url);
    case "emoji":
      return emojiNode(run.name);
    case "date":
      return h("time", null, fillDate(run.timestamp, run.format) ?? run.fallback ?? "");
    default:
      return mention(runText(run, directory));
  }
}

const TAGS = [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"], ["underline", "u"]];

function styled(node, style = {}) {
  return TAGS.reduce((inner, [name, tag]) => (style[name] ? h(tag, null, inner) : inner), node);
}

/** What a rich text says, without its looks. */
export function richTextString(block, directory) {
  if (block.elements === undefined) return runText(block, directory);
  return block.elements.map((element) => richTextString(element, directory)).join("");
}

function runText(run, directory) {
  switch (run.type) {
    case "user":
      return `@${directory.userName(run.user_id)}`;
    case "usergroup":
      return `@${directory.groupName(run.usergroup_id)}`;
    case "channel":
      return `#${directory.channelName(run.channel_id)}`;
    case "broadcast":
      return `@${run.range}`;
    case "color":
      return run.value;
    case "emoji":
      return `:${run.name}:`;
    case "link":
      return run.text ?? run.url;
    default:
      return run.text ?? run.fallback ?? `[${run.type}]`;
  }
}
