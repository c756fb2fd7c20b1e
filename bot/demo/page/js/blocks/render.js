/**
 * From block JSON to nodes: one drawer per block type. What is not known here is shown as a
 * named placeholder, so that nothing a message holds goes missing unseen.
 */

import { h } from "../dom.js";
import { markdown } from "../markdown.js";
import { drawAlert, drawCard, drawCarousel, drawContainer } from "./boxes.js";
import { drawChart } from "./chart.js";
import { drawDataTable } from "./data_table.js";
import { drawElement } from "./elements.js";
import { drawInput } from "./input.js";
import { placeholder } from "./placeholder.js";
import { drawRichText } from "./rich_text.js";
import { drawSection } from "./section.js";
import { drawTable } from "./table.js";
import { paragraph, textNodes } from "./text.js";

const DRAWERS = {
  actions: drawActions,
  alert: drawAlert,
  card: drawCard,
  carousel: drawCarousel,
  container: drawContainer,
  context: drawContext,
  data_table: drawDataTable,
  data_visualization: drawChart,
  divider: () => h("hr", { class: "divider" }),
  header: (block, context) => h("h3", { class: "header" }, textNodes(block.text, context)),
  image: drawImage,
  input: drawInput,
  markdown: (block) => h("div", { class: "text markdown" }, markdown(block.text)),
  rich_text: drawRichText,
  section: drawSection,
  table: drawTable,
};

/**
 * Draws blocks one below the other. The context carries `directory`, `act(action)` for clicks,
 * `fields` where inputs register themselves, and gets `drawBlocks` for blocks within blocks.
 */
export function drawBlocks(blocks, context) {
  const own = { ...context, drawBlocks };
  return (blocks ?? []).map((block) => h("div", wrapperProps(block), drawBlock(block, own)));
}

function wrapperProps(block) {
  return { class: `block block-${DRAWERS[block.type] ? block.type : "unknown"}`, "data-block-id": block.block_id };
}

function drawBlock(block, context) {
  const drawer = Object.hasOwn(DRAWERS, block.type) ? DRAWERS[block.type] : undefined;
  return drawer ? drawer(block, { ...context, blockId: block.block_id }) : placeholder(block.type);
}

function drawActions(block, context) {
  return h("div", { class: "actions" }, block.elements.map((element) => drawElement(element, context)));
}

function drawContext(block, context) {
  return h("div", { class: "context" }, block.elements.map((element) => {
    if (element.type !== "image") return paragraph(element, context, "context-text");
    return h("img", { class: "context-image", src: element.image_url, alt: element.alt_text });
  }));
}

function drawImage(block, context) {
  const image = h("img", { src: block.image_url ?? block.slack_file?.url, alt: block.alt_text, loading: "lazy" });
  return h("figure", { class: "picture" }, block.title && h("figcaption", null, textNodes(block.title, context)), image);
}
