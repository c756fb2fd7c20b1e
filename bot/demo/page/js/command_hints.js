/**
 * The list of slash commands above the composer while a command is being typed, and the usage
 * of the chosen one once its arguments begin. Arrows walk, Tab or Enter completes, Escape closes.
 */

import { h, replace, uniqueId } from "./dom.js";

export function createHints(area, commands) {
  const id = uniqueId("commands");
  const list = h("ul", { id, class: "hints", role: "listbox", "aria-label": "Commands", hidden: true });
  const usage = h("p", { class: "usage", hidden: true });
  area.setAttribute("role", "combobox");
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", id);
  const hints = { area, list, usage, found: [], at: 0, commands };
  area.addEventListener("blur", () => hide(hints));
  hide(hints);
  return { node: h("div", { class: "hints-box" }, list, usage), show: () => show(hints), onKey: (event) => onKey(event, hints) };
}

function show(hints) {
  const text = hints.area.value;
  const [word, ...rest] = text.split(/\s/);
  const isNaming = text.startsWith("/") && rest.length === 0;
  hints.found = isNaming ? hints.commands().filter((one) => one.command.startsWith(word)) : [];
  hints.at = 0;
  draw(hints);
  const chosen = rest.length > 0 && hints.commands().find((one) => one.command === word);
  hints.usage.hidden = !chosen;
  if (chosen) replace(hints.usage, h("code", null, chosen.command), " ", chosen.usage_hint ?? "");
}

function draw(hints) {
  const { area, list, found, at } = hints;
  list.hidden = found.length === 0;
  area.setAttribute("aria-expanded", String(found.length > 0));
  replace(list, found.map((one, index) => optionNode(one, index === at, hints)));
  if (found.length > 0) area.setAttribute("aria-activedescendant", list.children[at].id);
  else area.removeAttribute("aria-activedescendant");
}

function optionNode(one, isChosen, hints) {
  const pick = (event) => {
    event.preventDefault();
    complete(one, hints);
  };
  return h(
    "li",
    { id: uniqueId("command"), class: "hint-option", role: "option", "aria-selected": String(isChosen), onmousedown: pick },
    h("div", null, h("code", null, one.command), " ", h("span", { class: "hint-usage" }, one.usage_hint ?? "")),
    h("div", { class: "hint-about" }, one.description ?? ""),
  );
}

function hide(hints) {
  hints.found = [];
  hints.usage.hidden = true;
  draw(hints);
}

/** True if the key was for the list. */
function onKey(event, hints) {
  const { found, at, area } = hints;
  if (found.length === 0) return false;
  const isWhole = found[at].command === area.value;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (found.length === 1) return false;
    hints.at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
    draw(hints);
  } else if ((event.key === "Tab" && !event.shiftKey) || (event.key === "Enter" && !isWhole && !event.shiftKey)) {
    complete(found[at], hints);
  } else if (event.key === "Escape") {
    hide(hints);
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}

function complete(one, hints) {
  hints.area.value = `${one.command} `;
  hints.area.dispatchEvent(new Event("input"));
}
