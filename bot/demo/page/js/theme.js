/**
 * Light, dark, or whatever the system says. The choice is remembered in this browser only.
 */

import { h, replace } from "./dom.js";
import { icon } from "./icons.js";

const KEY = "pkgstatus-theme";
const ORDER = ["system", "light", "dark"];
const NAMES = { system: "follows the system", light: "light", dark: "dark" };
const ICONS = { system: "contrast", light: "sun", dark: "moon" };

export function applyTheme(theme = stored()) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function themeButton() {
  const button = h("button", { type: "button", class: "icon-button", onclick: () => step() });
  const show = () => {
    const theme = stored();
    const label = `Colours: ${NAMES[theme]}. Change`;
    button.setAttribute("aria-label", label);
    button.title = label;
    replace(button, icon(ICONS[theme]));
  };
  const step = () => {
    store(ORDER[(ORDER.indexOf(stored()) + 1) % ORDER.length]);
    applyTheme();
    show();
  };
  show();
  return button;
}

function stored() {
  try {
    const theme = localStorage.getItem(KEY);
    return ORDER.includes(theme) ? theme : "system";
  } catch {
    return "system";
  }
}

function store(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    document.documentElement.dataset.theme = theme;
  }
}
