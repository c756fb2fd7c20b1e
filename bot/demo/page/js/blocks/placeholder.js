/**
 * The visible stand-in for whatever this page cannot draw.
 */

import { h } from "../dom.js";

export function placeholder(type) {
  return h("p", { class: "placeholder" }, "This page does not draw ", h("code", null, String(type)), " yet.");
}
