/**
 * Where people type: Enter sends, `/` offers the commands, Up brings back what was sent
 * before. Text that starts with `/` is a command, anything else is said in the channel.
 */

import { api } from "./api.js";
import { createHints } from "./command_hints.js";
import { h, replace } from "./dom.js";
import { icon } from "./icons.js";
import { DIRECT, HOME, channelOf } from "./place.js";

const TALLEST_PX = 180;

export function createComposer(desk, { inThread = false } = {}) {
  const status = h("p", { class: "composer-status", role: "status" });
  const area = h("textarea", { class: "composer-entry", rows: 1, spellcheck: "false", autocomplete: "off" });
  const send = h("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send"));
  const composer = { desk, inThread, area, status, sent: [], at: 0, here: "" };
  composer.hints = inThread ? undefined : createHints(area, () => desk.directory()?.commands ?? []);
  const form = h("form", { class: "composer-box" }, area, send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(composer);
  });
  area.addEventListener("keydown", (event) => onKey(event, composer));
  area.addEventListener("input", () => onInput(composer));
  return {
    node: h("div", { class: inThread ? "composer in-thread" : "composer" }, composer.hints?.node, form, status),
    focus: () => area.focus(),
    show: () => {
      forget(composer);
      const label = labelOf(desk, inThread);
      area.setAttribute("aria-label", label);
      area.placeholder = inThread ? label : `${label} or /command`;
    },
  };
}

/** What happened elsewhere is not said here. */
function forget(composer) {
  const { as, channel, thread } = composer.desk.place();
  const here = `${as} ${channel} ${composer.inThread ? thread : ""}`;
  if (here !== composer.here) report(composer, "idle", "");
  composer.here = here;
}

function labelOf(desk, inThread) {
  const place = desk.place();
  const directory = desk.directory();
  if (inThread) return "Reply in this thread";
  if (place.channel === HOME) return "Message";
  if (place.channel === DIRECT) return `Message ${directory.bot?.name ?? "the bot"}`;
  return `Message #${directory.channelName(place.channel)}`;
}

function onKey(event, composer) {
  if (event.isComposing || composer.hints?.onKey(event)) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit(composer);
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    recall(event, composer);
  }
}

function onInput(composer) {
  const { area } = composer;
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, TALLEST_PX)}px`;
  composer.hints?.show();
}

/** Walks through what was sent, as long as the text is empty or itself recalled. */
function recall(event, composer) {
  const { area, sent, at } = composer;
  if (area.value !== (sent[at] ?? "")) return;
  const next = Math.min(Math.max(at + (event.key === "ArrowUp" ? -1 : 1), 0), sent.length);
  if (next === at) return;
  event.preventDefault();
  composer.at = next;
  fill(composer, sent[next] ?? "");
}

function fill(composer, text) {
  composer.area.value = text;
  onInput(composer);
}

async function submit(composer) {
  const text = composer.area.value.trim();
  if (text === "") return;
  const refused = composer.inThread && text.startsWith("/") && "Slash commands do not work in threads.";
  if (refused) return report(composer, "failed", refused);
  composer.sent.push(text);
  composer.at = composer.sent.length;
  fill(composer, "");
  report(composer, "busy", "Sending …");
  try {
    const words = text.startsWith("/") ? await sendCommand(text, composer) : await say(text, composer);
    report(composer, "done", words);
  } catch (error) {
    report(composer, "failed", error.message);
  }
  composer.desk.refreshViews();
}

function report({ status }, state, words) {
  status.dataset.state = state;
  replace(status, state === "done" && words && icon("check"), state === "failed" && icon("warning"), words);
}

async function sendCommand(text, { desk }) {
  const place = desk.place();
  const [, command, rest] = text.match(/^(\S+)\s*([\s\S]*)$/);
  const known = desk.directory().commands.some((one) => one.command === command);
  if (!known) throw new Error(`${command} is not a command of this workspace.`);
  const answer = await api.command({ user: place.as, channel: channelOf(place), command, text: rest });
  if (!answer.acked) throw new Error(`${command} failed: the bot did not respond within 3 seconds.`);
  return `${command} acknowledged in ${Math.round(answer.ack_ms)} ms`;
}

async function say(text, { desk, inThread }) {
  const place = desk.place();
  await api.say({ user: place.as, channel: channelOf(place), text, thread_ts: inThread ? place.thread : undefined });
  return "";
}
