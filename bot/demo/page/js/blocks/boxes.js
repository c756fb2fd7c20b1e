/**
 * Blocks that frame others: container, card, carousel, and the alert of modals.
 */

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { drawElement } from "./elements.js";
import { drawRichText } from "./rich_text.js";
import { paragraph, textNodes } from "./text.js";

const WIDTHS = new Set(["narrow", "standard", "wide", "full"]);
const LEVELS = { default: "info", info: "info", warning: "warning", error: "warning", success: "check" };

export function drawContainer(block, context) {
  const width = WIDTHS.has(block.width) ? block.width : "standard";
  const body = h("div", { class: "container-body" }, context.drawBlocks(block.child_blocks ?? block.blocks, context));
  const words = containerWords(block, context);
  if (block.is_collapsible) {
    const open = !block.default_collapsed;
    return h("details", { class: `container width-${width}`, open }, h("summary", null, icon("right"), words), body);
  }
  const head = h("div", { class: block.has_header_divider ? "container-head ruled" : "container-head" }, words);
  return h("section", { class: `container width-${width}` }, head, body);
}

function containerWords(block, context) {
  const title = block.rich_text_title ? drawRichText(block.rich_text_title, context) : textNodes(block.title, context);
  return h(
    "div",
    { class: "box-words" },
    pictureOf(block.icon, "box-icon"),
    h("div", null, h("div", { class: "box-title" }, title), block.subtitle && paragraph(block.subtitle, context, "box-subtitle")),
  );
}

export function drawCard(block, context) {
  const words = h(
    "div",
    null,
    block.title && paragraph(block.title, context, "box-title"),
    block.subtitle && paragraph(block.subtitle, context, "box-subtitle"),
  );
  return h(
    "section",
    { class: "card" },
    pictureOf(block.hero_image, "card-hero"),
    h("div", { class: "box-words" }, pictureOf(block.icon, "box-icon"), words),
    block.body && paragraph(block.body, context),
    block.actions && h("div", { class: "actions" }, block.actions.map((element) => drawElement(element, context))),
  );
}

export function drawCarousel(block, context) {
  const cards = block.elements.map((card) => h("li", null, drawCard(card, context)));
  return h("ul", { class: "carousel", tabindex: 0, "aria-label": "Cards" }, cards);
}

export function drawAlert(block, context) {
  const level = Object.hasOwn(LEVELS, block.level) ? block.level : "default";
  const urgent = level === "error" || level === "warning";
  return h("div", { class: `alert alert-${level}`, role: urgent ? "alert" : "note" }, icon(LEVELS[level]), paragraph(block.text, context));
}

function pictureOf(image, className) {
  return image?.image_url && h("img", { class: className, src: image.image_url, alt: image.alt_text ?? "" });
}
