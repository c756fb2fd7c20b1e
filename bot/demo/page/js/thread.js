/**
 * The side panel with one thread and its own composer. Opening gives it the focus, closing
 * gives the focus back.
 */

import { createComposer } from "./composer.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { createTimeline } from "./timeline.js";

export function createThread(desk) {
  const timeline = createTimeline(desk, { label: "Thread", inThread: true });
  const composer = createComposer(desk, { inThread: true });
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close thread", onclick: leave }, icon("close"));
  const head = h("header", { class: "header" }, h("div", { class: "header-words" }, h("h2", null, "Thread")), close);
  const node = h("aside", { class: "thread", "aria-label": "Thread", hidden: true }, head, timeline.node, composer.node);
  const shown = { ts: undefined, from: undefined };
  node.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && leave());
  function leave() {
    const back = shown.from;
    desk.go({ thread: undefined });
    if (back?.isConnected) back.focus();
  }
  return {
    node,
    open(ts) {
      if (ts === shown.ts) return;
      if (ts) shown.from = document.activeElement;
      shown.ts = ts;
      node.hidden = !ts;
      timeline.clear();
      composer.show();
      if (ts) composer.focus();
    },
    show: (messages) => timeline.show(messages),
  };
}
