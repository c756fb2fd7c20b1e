/**
 * The line icons of the page, drawn as inline SVG on a 20 × 20 grid. They are decoration:
 * whatever carries one also carries a name in words.
 */

import { svg } from "./dom.js";

const PATHS = {
  hash: "M8 3 6.5 17 M13.5 3 12 17 M3.5 7.5h14 M2.5 12.5h14",
  home: "M3 9.5 10 3.5l7 6 M5 8.5V16.5h10V8.5 M8.5 16.5v-4.5h3v4.5",
  box: "M3.5 6.5 10 3l6.5 3.5v7L10 17l-6.5-3.5z M3.5 6.5 10 10l6.5-3.5 M10 10v7",
  send: "M3 10 17 3.5 12.5 17 9.5 11z M9.5 11 17 3.5",
  menu: "M3 5.5h14 M3 10h14 M3 14.5h14",
  close: "M5 5l10 10 M15 5 5 15",
  reply: "M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z M7 9h6",
  eye: "M2 10c2-3.5 4.8-5.2 8-5.2s6 1.7 8 5.2c-2 3.5-4.8 5.2-8 5.2S4 13.5 2 10z M10 7.8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 0 0 0-4.4",
  file: "M5 2.5h6.5L15 6v11.5H5z M11.5 2.5V6H15 M7.5 10h5 M7.5 13h5",
  download: "M10 3v9 M6 8.5l4 4 4-4 M4 16.5h12",
  more: "M4.5 10h.01 M10 10h.01 M15.5 10h.01",
  down: "M5 7.5l5 5 5-5",
  up: "M5 12.5l5-5 5 5",
  left: "M12.5 5l-5 5 5 5",
  right: "M7.5 5l5 5-5 5",
  search: "M8.8 3.5a5.3 5.3 0 1 0 0 10.6a5.3 5.3 0 0 0 0-10.6 M12.8 12.8 17 17",
  check: "M4 10.5l4 4 8-9",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7 M10 1.8v1.7 M10 16.5v1.7 M1.8 10h1.7 M16.5 10h1.7 M4.2 4.2l1.2 1.2 M14.6 14.6l1.2 1.2 M15.8 4.2l-1.2 1.2 M5.4 14.6l-1.2 1.2",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  contrast: "M10 2.8a7.2 7.2 0 1 0 0 14.4a7.2 7.2 0 0 0 0-14.4z M10 4.4a5.6 5.6 0 0 0 0 11.2z",
  info: "M10 2.8a7.2 7.2 0 1 0 0 14.4a7.2 7.2 0 0 0 0-14.4 M10 9v5 M10 6.2v.01",
  warning: "M10 3 18 17H2z M10 8v4 M10 14.5v.01",
};

export function icon(name) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
