/**
 * Portraits: initials on the person's colour, and the box of the bot.
 */

import { cssColor } from "./directory.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

export function avatar({ name, color, isBot }, size = "normal") {
  const node = h("span", { class: `avatar avatar-${size}${isBot ? " avatar-bot" : ""}`, "aria-hidden": "true" }, isBot ? icon("box") : initials(name));
  if (!isBot) {
    node.style.backgroundColor = cssColor(color);
    node.style.color = inkOn(cssColor(color));
  }
  return node;
}

function initials(name) {
  const words = String(name).split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** Black or white, whichever reads better on the colour (relative luminance as WCAG counts it). */
function inkOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}
