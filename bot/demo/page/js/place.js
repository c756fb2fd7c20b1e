/**
 * Where the reader is: acting person, channel and open thread, kept in the address's hash
 * (`#channel=C0SCCMOPS&as=ada`), so that an address opens exactly one state. A permalink
 * (`?channel=…&ts=…`) is read once, for want of a hash.
 */

export const HOME = "home";
export const DIRECT = "direct";

export function readPlace() {
  const hash = new URLSearchParams(location.hash.length > 1 ? location.hash.slice(1) : location.search);
  const channel = hash.get("channel") ?? undefined;
  return {
    channel: channel?.startsWith("@") ? DIRECT : channel,
    as: hash.get("as") ?? undefined,
    thread: hash.get("thread") ?? undefined,
    ts: hash.get("ts") ?? undefined,
  };
}

export function writePlace(place) {
  const parts = [`channel=${place.channel === DIRECT ? `@${place.as}` : place.channel}`, `as=${place.as}`];
  if (place.thread) parts.push(`thread=${place.thread}`);
  const hash = `#${parts.join("&")}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
}

/** The place asked for, corrected to one that this person can really see. */
export function settle(wanted, directory) {
  const person = directory.person(wanted.as) ?? directory.people[0];
  const visible = directory.channelsOf(person);
  if (wanted.channel === HOME && directory.hasHome) return { channel: HOME, as: person.handle };
  if (wanted.channel === DIRECT) return { channel: DIRECT, as: person.handle, thread: wanted.thread };
  const asked = directory.channel(wanted.channel);
  const open = asked && visible.includes(asked) ? asked : undefined;
  return {
    channel: (open ?? visible[0])?.id ?? DIRECT,
    as: person.handle,
    thread: open ? wanted.thread : undefined,
    ts: open ? wanted.ts : undefined,
  };
}

/** The channel as the control API names it. */
export function channelOf(place) {
  return place.channel === DIRECT ? `@${place.as}` : place.channel;
}
