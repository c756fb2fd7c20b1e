/**
 * Section blocks: text, fields in two columns and one accessory at the side.
 */

import { h } from "../dom.js";
import { drawElement } from "./elements.js";
import { paragraph } from "./text.js";

export function drawSection(block, context) {
  const words = h(
    "div",
    { class: "section-words" },
    block.text && paragraph(block.text, context),
    block.fields && h("div", { class: "facts" }, block.fields.map((field) => paragraph(field, context, "text fact"))),
  );
  const accessory = block.accessory && h("div", { class: "accessory" }, drawElement(block.accessory, context));
  return h("div", { class: "section" }, words, accessory);
}
