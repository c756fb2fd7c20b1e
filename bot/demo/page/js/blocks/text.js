/**
 * Text objects (`plain_text`, `mrkdwn`) as nodes, or as one string where no nodes may stand.
 */

import { h } from "../dom.js";
import { emojiText, withEmoji } from "../emoji.js";
import { decoded, mrkdwn } from "../mrkdwn.js";

export function textNodes(object, context) {
  if (object === undefined || object === null) return [];
  if (typeof object === "string") return [object];
  if (object.type === "mrkdwn") return mrkdwn(object.text, context.directory);
  return object.emoji === false ? [object.text ?? ""] : withEmoji(object.text ?? "");
}

export function textString(object) {
  if (object === undefined || object === null) return "";
  if (typeof object === "string") return object;
  return object.type === "mrkdwn" ? decoded(object.text ?? "") : emojiText(object.text ?? "");
}

export function paragraph(object, context, className = "text") {
  return h("div", { class: className }, textNodes(object, context));
}
