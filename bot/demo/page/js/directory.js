/**
 * Who and what exists in the workspace: names, badges and colours for ids. It holds what
 * `GET /control/workspace` said last and never asks by itself.
 */

const FALLBACK_COLOR = "#5b6b7f";

export class Directory {
  constructor(workspace) {
    this.team = workspace.team ?? {};
    this.users = workspace.users ?? [];
    this.channels = workspace.channels ?? [];
    this.commands = workspace.commands ?? [];
    this.groups = workspace.groups ?? [];
    this.connected = workspace.connected ?? 0;
    this.hasHome = workspace.has_home_tab !== false;
  }

  get people() {
    return this.users.filter((user) => !user.is_bot);
  }

  get bot() {
    return this.users.find((user) => user.is_bot);
  }

  person(idOrHandle) {
    return this.users.find((user) => user.id === idOrHandle || user.handle === idOrHandle);
  }

  channel(id) {
    return this.channels.find((channel) => channel.id === id || channel.name === id);
  }

  channelsOf(person) {
    return this.channels.filter((channel) => channel.members.includes(person.id));
  }

  userName(id) {
    return this.person(id)?.name ?? id;
  }

  groupName(id) {
    const group = this.groups.find((candidate) => candidate.id === id);
    return group?.handle ?? group?.name ?? id;
  }

  channelName(id) {
    return this.channel(id)?.name ?? id;
  }

  /** "Guest", "Other workspace" or nothing. */
  badgeOf(person) {
    if (person.is_guest) return "Guest";
    const home = this.team.id ?? this.bot?.team_id;
    return home && person.team_id && person.team_id !== home ? "Other workspace" : undefined;
  }

  /** Name, colour and kind of whoever wrote a message. */
  authorOf(message) {
    const user = this.person(message.user) ?? (message.bot_id ? this.bot : undefined);
    const isBot = Boolean(message.bot_id) || Boolean(user?.is_bot);
    return {
      key: message.user ?? message.bot_id ?? message.username,
      name: user?.name ?? message.username ?? message.user ?? "Somebody",
      color: cssColor(user?.color),
      isBot,
      badge: user && !isBot ? this.badgeOf(user) : undefined,
    };
  }
}

/** A colour with or without its hash; anything else falls back, since it ends up in a style. */
export function cssColor(color) {
  const digits = String(color ?? "").replace(/^#/, "");
  return /^[0-9a-fA-F]{6}$/.test(digits) ? `#${digits}` : FALLBACK_COLOR;
}
