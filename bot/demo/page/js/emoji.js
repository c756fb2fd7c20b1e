/**
 * The shortcodes that messages here are written with, as Unicode. A code that is not listed
 * stays as it was typed.
 */

import { h } from "./dom.js";

const EMOJI = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_down: "⬇️", arrow_right: "➡️", arrow_up: "⬆️",
  arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️", bar_chart: "📊", bell: "🔔", black_circle: "⚫",
  bookmark_tabs: "📑", boom: "💥", bug: "🐛", bulb: "💡", calendar: "📆", chart_with_downwards_trend: "📉",
  chart_with_upwards_trend: "📈", clipboard: "📋", clock1: "🕐", closed_lock_with_key: "🔐", computer: "💻",
  construction: "🚧", cross_mark: "❌", eyes: "👀", exclamation: "❗", file_folder: "📁", fire: "🔥",
  floppy_disk: "💾", gear: "⚙️", green_heart: "💚", grey_question: "❔", hammer_and_wrench: "🛠️", heart: "❤️",
  heavy_check_mark: "✔️", heavy_minus_sign: "➖", heavy_multiplication_x: "✖️", heavy_plus_sign: "➕", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", information_source: "ℹ️", key: "🔑", large_blue_circle: "🔵", large_green_circle: "🟢",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️", link: "🔗", lock: "🔒",
  mag: "🔍", memo: "📝", no_entry: "⛔", no_entry_sign: "🚫", ok: "🆗", ok_hand: "👌", package: "📦",
  pause_button: "⏸️", point_right: "👉", pushpin: "📌", question: "❓", raised_hand: "✋", red_circle: "🔴",
  repeat: "🔁", rewind: "⏪", robot_face: "🤖", rocket: "🚀", rotating_light: "🚨", satellite: "📡", scroll: "📜",
  shield: "🛡️", slightly_smiling_face: "🙂", smile: "😄", snowflake: "❄️", sparkles: "✨", stop_sign: "🛑", stopwatch: "⏱️",
  sunrise: "🌅", tada: "🎉", thinking_face: "🤔", thumbsdown: "👎", thumbsup: "👍", truck: "🚚", unlock: "🔓",
  warning: "⚠️", wastebasket: "🗑️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", wrench: "🔧", x: "❌",
  zap: "⚡", zzz: "💤",
};

const SHORTCODE = /:([a-z0-9_+-]+):/g;

export function emojiNode(name) {
  const character = Object.hasOwn(EMOJI, name) ? EMOJI[name] : undefined;
  if (character === undefined) return `:${name}:`;
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, character);
}

/** Plain text with its shortcodes drawn, as nodes. */
export function withEmoji(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(SHORTCODE)) {
    nodes.push(text.slice(from, match.index), emojiNode(match[1]));
    from = match.index + match[0].length;
  }
  return [...nodes, text.slice(from)];
}

/** The same as a plain string, for places that hold no nodes (options, titles). */
export function emojiText(text) {
  return text.replace(SHORTCODE, (code, name) => (Object.hasOwn(EMOJI, name) ? EMOJI[name] : code));
}
