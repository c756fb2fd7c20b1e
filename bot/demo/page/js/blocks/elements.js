/**
 * Things to click in a message, a modal or the Home tab: buttons, selects, overflow menus and
 * choices. Each asks its confirm dialog first, then says what was chosen through `context.act`.
 */

import { confirmed } from "../confirm.js";
import { h, safeAddress } from "../dom.js";
import { menuButton } from "../menu.js";
import { createControl } from "./controls.js";
import { textNodes, textString } from "./text.js";

export function drawElement(element, context) {
  switch (element.type) {
    case "button":
    case "workflow_button":
      return drawButton(element, context);
    case "overflow":
      return drawOverflow(element, context);
    case "image":
      return h("img", { class: "accessory-image", src: element.image_url, alt: element.alt_text });
    default:
      return drawChoice(element, context);
  }
}

function drawButton(element, context) {
  const style = { primary: " button-primary", danger: " button-danger" }[element.style] ?? "";
  const button = h(
    "button",
    {
      type: "button",
      class: `button${style}`,
      "data-action-id": element.action_id,
      "aria-label": element.accessibility_label,
      onclick: () => press(button, element, context),
    },
    textNodes(element.text, context),
  );
  return button;
}

async function press(button, element, context) {
  if (!(await confirmed(element.confirm, context))) return;
  const address = element.url && safeAddress(element.url);
  if (address) window.open(address, "_blank", "noopener");
  await whileBusy(button, () => context.act({ ...nameOf(element, context), value: element.value }));
}

function nameOf(element, context) {
  return { action_id: element.action_id, block_id: context.blockId };
}

async function whileBusy(node, work) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    node.removeAttribute("aria-busy");
  }
}

function drawOverflow(element, context) {
  const items = element.options.map((option) => ({ label: textString(option.text), hint: textString(option.description), option }));
  return menuButton({
    label: "More actions",
    items,
    onpick: async ({ option }, button) => {
      if (!(await confirmed(element.confirm, context))) return;
      await whileBusy(button, () => context.act({ ...nameOf(element, context), option: option.value }));
    },
  });
}

/** A select or a set of choices outside an input block: choosing acts at once, declining puts it back. */
function drawChoice(element, context) {
  const control = createControl(element, context, { label: textString(element.placeholder) || element.action_id });
  let last = control.read();
  control.onpick(async () => {
    if (!(await confirmed(element.confirm, context))) return control.write(last);
    last = control.read();
    await whileBusy(control.node, () => context.act({ ...nameOf(element, context), option: last }));
  });
  return h("div", { class: "choice", "data-action-id": element.action_id }, control.node);
}
