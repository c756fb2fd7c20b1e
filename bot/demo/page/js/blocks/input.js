/**
 * Input blocks: a label, one control, a hint and room for what the server found wrong. Each
 * registers itself in `context.fields`, where the modal reads it on submit.
 */

import { h, replace, uniqueId } from "../dom.js";
import { icon } from "../icons.js";
import { createControl } from "./controls.js";
import { textNodes } from "./text.js";

export function drawInput(block, context) {
  const ids = { control: uniqueId("field"), hint: uniqueId("hint"), error: uniqueId("error"), label: uniqueId("label") };
  const control = createControl(block.element, context, { id: ids.control });
  const error = h("p", { class: "field-error", id: ids.error, hidden: true });
  const words = [textNodes(block.label, context), block.optional && h("span", { class: "optional" }, " (optional)")];
  const label = control.grouped
    ? h("div", { class: "label", id: ids.label }, words)
    : h("label", { class: "label", id: ids.label, for: ids.control }, words);
  const hint = block.hint && h("p", { class: "hint", id: ids.hint }, textNodes(block.hint, context));
  describe(control, block, ids);
  if (block.dispatch_action) control.onpick(() => context.act(actionOf(block, control)));
  context.fields?.set(block.block_id, fieldOf(block, control, error));
  return h("div", { class: "field" }, label, control.node, hint, error);
}

function describe(control, block, ids) {
  control.node.setAttribute("aria-describedby", block.hint ? `${ids.hint} ${ids.error}` : ids.error);
  if (!control.grouped) return control.node.setAttribute("aria-required", String(!block.optional));
  control.node.setAttribute("role", block.element.type === "radio_buttons" ? "radiogroup" : "group");
  control.node.setAttribute("aria-labelledby", ids.label);
  return undefined;
}

function actionOf(block, control) {
  return { action_id: block.element.action_id, block_id: block.block_id, option: control.read() };
}

function fieldOf(block, control, error) {
  return {
    actionId: block.element.action_id,
    isRequired: !block.optional,
    read: control.read,
    write: control.write,
    focus: () => (control.grouped ? control.node.querySelector("input") : control.node)?.focus(),
    complain(words) {
      error.hidden = !words;
      control.node.setAttribute("aria-invalid", String(Boolean(words)));
      replace(error, words && icon("warning"), words);
    },
  };
}
