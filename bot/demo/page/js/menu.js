/**
 * A button that opens a menu: arrows walk, letters jump, Enter picks, Escape and Tab close
 * and leave. Used for overflow menus and for choosing whom to act as.
 */

import { h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

/** Items are `{label, hint?, content?, isCurrent?}`; `face` replaces the three dots on the button. */
export function menuButton({ label, items, onpick, face, className = "icon-button" }) {
  const id = uniqueId("menu");
  const button = h(
    "button",
    { type: "button", class: className, "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id, "aria-label": label },
    face ?? icon("more"),
  );
  const list = h("div", { id, class: "menu", role: "menu", "aria-label": label, hidden: true });
  const menu = { button, list, open: (first) => open(menu, first), close: (back) => close(menu, back) };
  list.append(...items.map((item) => itemNode(item, () => {
    menu.close(true);
    onpick(item, button);
  })));
  button.addEventListener("click", () => (list.hidden ? menu.open() : menu.close(true)));
  button.addEventListener("keydown", (event) => openByKey(event, menu));
  list.addEventListener("keydown", (event) => walk(event, menu));
  const box = h("div", { class: "menu-box" }, button, list);
  box.addEventListener("focusout", (event) => !box.contains(event.relatedTarget) && menu.close(false));
  return box;
}

function itemNode(item, picked) {
  const role = item.isCurrent === undefined ? "menuitem" : "menuitemradio";
  const props = { type: "button", class: "menu-item", role, tabindex: -1, onclick: picked };
  if (item.isCurrent !== undefined) props["aria-checked"] = String(item.isCurrent);
  return h("button", props, item.content ?? item.label, item.hint && h("span", { class: "hint" }, item.hint));
}

function open({ button, list }, at = undefined) {
  list.hidden = false;
  list.classList.remove("menu-up");
  list.classList.toggle("menu-up", list.getBoundingClientRect().bottom > roomBelow(list));
  button.setAttribute("aria-expanded", "true");
  const items = [...list.children];
  const current = list.querySelector('[aria-checked="true"]');
  (at === "last" ? items.at(-1) : (current ?? items[0]))?.focus();
}

function roomBelow(list) {
  return (list.closest(".scroller, .home, .modal-body") ?? document.documentElement).getBoundingClientRect().bottom;
}

function close({ button, list }, giveBack) {
  if (list.hidden) return;
  list.hidden = true;
  button.setAttribute("aria-expanded", "false");
  if (giveBack) button.focus();
}

function openByKey(event, menu) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  menu.open(event.key === "ArrowUp" ? "last" : undefined);
}

function walk(event, menu) {
  const items = [...menu.list.children];
  const at = items.indexOf(document.activeElement);
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 };
  if (event.key in steps) {
    event.preventDefault();
    items[steps[event.key] % items.length].focus();
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    menu.close(true);
  } else if (event.key.length === 1 && event.key !== " ") {
    const letter = event.key.toLowerCase();
    const rest = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    rest.find((item) => item.textContent.trim().toLowerCase().startsWith(letter))?.focus();
  }
}
