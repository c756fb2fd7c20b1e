/**
 * A list of messages that stays put: unchanged messages keep their nodes (and with them a
 * table's page or an open menu), and the view follows new ones only if it was at the bottom.
 */

import { h, replace } from "./dom.js";
import { dayName, momentOf } from "./dates.js";
import { icon } from "./icons.js";
import { drawMessage } from "./message.js";
import { announce } from "./notices.js";

const GROUP_SECONDS = 300;
const BOTTOM_PX = 48;
const AT_ONCE = 150;

export function createTimeline(desk, { label, inThread = false }) {
  const list = h("ol", { class: "message-list" });
  const scroller = h("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": label }, list);
  const newer = h("button", { type: "button", class: "newer", hidden: true, onclick: toBottom }, "New messages", icon("down"));
  const earlier = h("button", { type: "button", class: "earlier", hidden: true, onclick: () => showEarlier(timeline) }, icon("up"), "Earlier messages");
  scroller.prepend(earlier);
  const timeline = { desk, inThread, list, scroller, earlier, ...afresh() };
  scroller.addEventListener("scroll", () => {
    timeline.isStuck = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < BOTTOM_PX;
    if (timeline.isStuck) newer.hidden = true;
  });
  const follow = new ResizeObserver(() => timeline.isStuck && toBottom());
  follow.observe(list);
  follow.observe(scroller);
  function toBottom() {
    scroller.scrollTop = scroller.scrollHeight;
  }
  return {
    node: h("div", { class: "timeline" }, scroller, newer),
    clear() {
      Object.assign(timeline, afresh());
      newer.hidden = earlier.hidden = true;
      replace(list);
    },
    show(messages) {
      const isFirst = timeline.last === undefined;
      const arrived = newSince(timeline, messages);
      const { ts } = desk.place();
      if (isFirst && ts) timeline.limit = Math.max(AT_ONCE, messages.length - messages.findIndex((message) => message.ts === ts));
      timeline.limit += arrived.length;
      timeline.messages = messages;
      showLatest(timeline);
      if (isFirst) reveal(timeline, ts);
      if (arrived.length > 0) tell(timeline, arrived);
      if (arrived.length > 0 && !timeline.isStuck) newer.hidden = false;
    },
  };
}

function afresh() {
  return { drawn: new Map(), messages: [], isStuck: true, last: undefined, limit: AT_ONCE };
}

function showLatest(timeline) {
  reconcile(timeline, timeline.messages.slice(-timeline.limit));
  timeline.earlier.hidden = timeline.messages.length <= timeline.limit;
}

/** Draws older messages above and stays at the one that was being read. */
function showEarlier(timeline) {
  const { scroller } = timeline;
  const below = scroller.scrollHeight - scroller.scrollTop;
  timeline.limit += AT_ONCE;
  showLatest(timeline);
  scroller.scrollTop = scroller.scrollHeight - below;
}

/** Scrolls to the message that a permalink names. */
function reveal(timeline, ts) {
  const node = [...timeline.list.children].find((one) => one.dataset.ts === ts);
  if (!node) return;
  timeline.isStuck = false;
  node.classList.add("is-found");
  node.scrollIntoView({ block: "center" });
}

/** Messages that came after the newest one seen; none on the first showing. */
function newSince(timeline, messages) {
  const { last } = timeline;
  timeline.last = messages.at(-1)?.ts ?? last ?? "0";
  return last === undefined ? [] : messages.filter((message) => Number(message.ts) > Number(last));
}

function tell({ desk }, messages) {
  const directory = desk.directory();
  const own = directory.person(desk.place().as).id;
  const words = messages
    .filter((message) => message.user !== own)
    .map((message) => `${directory.authorOf(message).name}: ${String(message.text ?? "").slice(0, 200)}`);
  if (words.length > 0) announce(words.join(" – "));
}

function reconcile(timeline, messages) {
  const drawn = new Map();
  messages.forEach((message, index) => {
    const setting = settingOf(message, messages[index - 1], timeline);
    const id = `${message.ts}${message.ephemeral ? "e" : ""}`;
    const key = JSON.stringify([message, setting]);
    const known = timeline.drawn.get(id);
    drawn.set(id, known?.key === key ? known : { key, node: redrawn(known?.node, message, setting, timeline) });
  });
  for (const [id, { node }] of timeline.drawn) if (drawn.get(id)?.node !== node) node.remove();
  [...drawn.values()].forEach(({ node }, index) => {
    if (timeline.list.children[index] !== node) timeline.list.insertBefore(node, timeline.list.children[index] ?? null);
  });
  timeline.drawn = drawn;
  if (messages.length === 0) replace(timeline.list, h("li", { class: "empty" }, "No messages here yet."));
  else timeline.list.querySelector(":scope > .empty")?.remove();
}

/** What a message's looks owe to the one before it. */
function settingOf(message, before, { desk, inThread }) {
  const directory = desk.directory();
  const moment = momentOf(message.ts);
  const day = dayName(moment);
  const isNewDay = !before || dayName(momentOf(before.ts)) !== day;
  const follows =
    before &&
    !isNewDay &&
    !message.blocks &&
    directory.authorOf(before).key === directory.authorOf(message).key &&
    Boolean(before.ephemeral) === Boolean(message.ephemeral) &&
    moment - momentOf(before.ts) < GROUP_SECONDS * 1000;
  return { day: isNewDay && !inThread ? day : undefined, isGrouped: Boolean(follows), inThread };
}

/** A changed message; whoever had the focus inside it finds it in the new one again. */
function redrawn(old, message, setting, { desk }) {
  const node = drawMessage(message, setting, desk);
  const held = old?.contains(document.activeElement) ? document.activeElement : undefined;
  if (held) {
    const actionId = held.dataset.actionId;
    const same = [...node.querySelectorAll("[data-action-id]")].find((one) => one.dataset.actionId === actionId && one.textContent === held.textContent);
    queueMicrotask(() => (same ?? node).focus({ preventScroll: true }));
  }
  return node;
}
