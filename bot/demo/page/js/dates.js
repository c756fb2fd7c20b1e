/**
 * Moments in the reader's own time zone: message times, day lines and the `<!date…>` tokens
 * of mrkdwn. Slack's `ts` is seconds since 1970 with a fraction.
 */

const LOCALE = "en-GB";
const OPTIONS = {
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  date: { day: "numeric", month: "long", year: "numeric" },
  date_num: { day: "2-digit", month: "2-digit", year: "numeric" },
  date_short: { day: "numeric", month: "short", year: "numeric" },
  date_long: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
};

export function momentOf(ts) {
  return new Date(Number.parseFloat(ts) * 1000);
}

export function clock(moment) {
  return moment.toLocaleTimeString(LOCALE, OPTIONS.time);
}

export function fullMoment(moment) {
  return `${moment.toLocaleDateString(LOCALE, OPTIONS.date_long)}, ${moment.toLocaleTimeString(LOCALE, OPTIONS.time_secs)}`;
}

export function dayName(moment, now = new Date()) {
  const days = Math.round((startOfDay(now) - startOfDay(moment)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return moment.toLocaleDateString(LOCALE, OPTIONS.date_long);
}

function startOfDay(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
}

/** Fills a format such as `{date_short_pretty} at {time}`; nothing if the moment is no moment. */
export function fillDate(seconds, format) {
  const moment = momentOf(seconds);
  if (Number.isNaN(moment.getTime())) return undefined;
  return format.replace(/\{(\w+)\}/g, (whole, token) => word(moment, token) ?? whole);
}

function word(moment, token) {
  if (token === "ago") return ago(moment);
  if (token === "time" || token === "time_secs") return moment.toLocaleTimeString(LOCALE, OPTIONS[token]);
  const base = token.replace(/_pretty$/, "");
  const near = dayName(moment);
  if (base !== token && (near === "Today" || near === "Yesterday")) return near.toLowerCase();
  return OPTIONS[base] && moment.toLocaleDateString(LOCALE, OPTIONS[base]);
}

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return words.format(Math.round(seconds / size), unit);
}
