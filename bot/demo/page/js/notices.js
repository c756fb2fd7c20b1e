/**
 * Short words to the person in front of the page: failures as notices that go away, new
 * messages as announcements for screen readers only.
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 8000;

export function notice(text) {
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss" }, icon("close"));
  const box = h("div", { class: "notice" }, icon("warning"), h("p", null, text), close);
  close.addEventListener("click", () => box.remove());
  document.getElementById("notices").append(box);
  setTimeout(() => box.remove(), SHOWN_MS);
}

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
