/**
 * Form controls for Block Kit's input elements. A control is `{node, read, write, onpick}`;
 * `read` gives the plain value the control API wants: a string, a list of option values, or null.
 */

import { h, uniqueId } from "../dom.js";
import { placeholder } from "./placeholder.js";
import { paragraph, textNodes, textString } from "./text.js";

const TYPED = {
  plain_text_input: { type: "text" },
  number_input: { type: "text", inputmode: "decimal" },
  email_text_input: { type: "email" },
  url_text_input: { type: "url" },
  datepicker: { type: "date", initial: "initial_date" },
  timepicker: { type: "time", initial: "initial_time" },
};

/** A control that shows what the workspace remembers of it. `naming` is how the control gets its name: `{id}` for a visible label's `for`, or `{label}` in words. */
export function createControl(element, context, naming) {
  const control = bareControl(element, context, naming);
  const remembered = context.state?.[context.blockId]?.[element.action_id];
  if (remembered) control.write(plainOf(remembered));
  return control;
}

function plainOf({ value, selected_option: one, selected_options: many, ...rest }) {
  if (one !== undefined) return one?.value ?? null;
  if (many !== undefined) return (many ?? []).map((option) => option.value);
  return value ?? rest.selected_user ?? rest.selected_channel ?? rest.selected_date ?? rest.selected_time ?? null;
}

function bareControl(element, context, naming) {
  if (Object.hasOwn(TYPED, element.type)) return typed(element, TYPED[element.type], naming);
  switch (element.type) {
    case "static_select":
      return select(element, naming);
    case "users_select":
      return select(withPeople(element, context.directory), naming);
    case "multi_static_select":
      return choices(element, context, { many: true, boxed: true });
    case "checkboxes":
      return choices(element, context, { many: true });
    case "radio_buttons":
      return choices(element, context, { many: false });
    default:
      return { node: placeholder(element.type), read: () => null, write() {}, onpick() {} };
  }
}

function typed(element, kind, naming) {
  const props = {
    id: naming.id,
    class: "entry",
    "aria-label": naming.label,
    placeholder: textString(element.placeholder) || undefined,
    maxlength: element.max_length,
    autofocus: element.focus_on_load,
    "data-action-id": element.action_id,
    autocomplete: "off",
  };
  const node = element.multiline
    ? h("textarea", { ...props, rows: 4 })
    : h("input", { ...props, type: kind.type, inputmode: kind.inputmode });
  node.value = element[kind.initial ?? "initial_value"] ?? "";
  return {
    node,
    read: () => (node.value === "" ? null : node.value),
    write: (value) => (node.value = value ?? ""),
    onpick: (picked) => node.addEventListener("change", picked),
  };
}

function select(element, naming) {
  const empty = h("option", { value: "" }, textString(element.placeholder) || "Choose");
  const groups = element.option_groups?.map((group) =>
    h("optgroup", { label: textString(group.label) }, group.options.map(optionNode)),
  );
  const props = { id: naming.id, class: "entry select", "aria-label": naming.label, "data-action-id": element.action_id };
  const node = h("select", { ...props, autofocus: element.focus_on_load }, empty, groups ?? element.options.map(optionNode));
  node.value = element.initial_option?.value ?? "";
  return {
    node,
    read: () => (node.value === "" ? null : node.value),
    write: (value) => (node.value = value ?? ""),
    onpick: (picked) => node.addEventListener("change", picked),
  };
}

function withPeople(element, directory) {
  const options = directory.people.map((person) => ({ text: person.name, value: person.id }));
  return { ...element, options, initial_option: { value: element.initial_user } };
}

function optionNode(option) {
  return h("option", { value: option.value }, textString(option.text));
}

/** Checkboxes, radio buttons, and the multi-select as a list of boxes, which a keyboard can walk through. */
function choices(element, context, { many, boxed }) {
  const options = element.options ?? element.option_groups.flatMap((group) => group.options);
  const initial = element.initial_options ?? (element.initial_option ? [element.initial_option] : []);
  const name = uniqueId("choice");
  const inputs = options.map((option) =>
    h("input", { type: many ? "checkbox" : "radio", name, value: option.value, id: uniqueId("option") }),
  );
  const write = (value) => inputs.forEach((input) => (input.checked = [value].flat().includes(input.value)));
  write(initial.map((option) => option.value));
  const picked = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const lines = options.map((option, index) => choiceLine(option, inputs[index], context));
  const node = h("div", { class: boxed ? "choices boxed" : "choices", "data-action-id": element.action_id }, lines);
  return {
    node,
    grouped: true,
    read: () => (many ? picked() : (picked()[0] ?? null)),
    write,
    onpick: (listener) => node.addEventListener("change", listener),
  };
}

function choiceLine(option, input, context) {
  return h(
    "div",
    { class: "choice-line" },
    input,
    h("label", { for: input.id }, textNodes(option.text, context), option.description && paragraph(option.description, context, "hint")),
  );
}
