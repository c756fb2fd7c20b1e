/**
 * The sidebar: channels, the bot's direct messages, Home, and whom to act as. Entries are
 * links into the address's hash, so going somewhere needs no code here.
 */

import { avatar } from "./avatar.js";
import { h, replace } from "./dom.js";
import { closeDrawer, watchDrawer } from "./drawer.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { DIRECT, HOME } from "./place.js";

export function createSidebar(desk) {
  const top = h("div", { class: "sidebar-top" });
  const list = h("nav", { class: "sidebar-nav", "aria-label": "Channels" });
  const foot = h("div", { class: "sidebar-foot" });
  const node = h("aside", { class: "sidebar", id: "sidebar", "aria-label": "Workspace" }, top, list, foot);
  const drawn = { key: undefined };
  watchDrawer();
  return {
    node,
    show(unread) {
      const { as } = desk.place();
      const directory = desk.directory();
      const key = JSON.stringify([as, directory.hasHome, directory.channels, directory.users]);
      if (key !== drawn.key) build({ top, list, foot }, directory, directory.person(as), desk);
      drawn.key = key;
      for (const link of list.querySelectorAll("a")) mark(link, desk.place().channel, unread);
    },
  };
}

function build({ top, list, foot }, directory, person, desk) {
  replace(
    top,
    h("div", { class: "team-mark", "aria-hidden": "true" }, icon("box")),
    h("div", { class: "team-words" }, h("strong", null, directory.team.name ?? "Contoso"), h("span", null, "local workspace")),
    h("button", { type: "button", class: "icon-button drawer-close", "aria-label": "Close sidebar", onclick: closeDrawer }, icon("close")),
  );
  replace(
    list,
    directory.hasHome && h("ul", null, entry(HOME, "Home", icon("home"), person)),
    h("h2", null, "Channels"),
    h("ul", null, directory.channelsOf(person).map((channel) => entry(channel.id, channel.name, icon("hash"), person))),
    h("h2", null, "Direct messages"),
    h("ul", null, entry(DIRECT, directory.bot?.name ?? "pkgstatus", icon("box"), person)),
  );
  replace(foot, h("span", { class: "foot-label" }, "Acting as"), switcher(directory, person, desk));
}

function entry(channel, name, picture, person) {
  const href = `#channel=${channel === DIRECT ? `@${person.handle}` : channel}&as=${person.handle}`;
  const dot = h("span", { class: "unread", hidden: true }, h("span", { class: "visually-hidden" }, "new messages"));
  return h("li", null, h("a", { class: "entry-link", href, "data-channel": channel }, picture, h("span", { class: "entry-name" }, name), dot));
}

function mark(link, current, unread) {
  const { channel } = link.dataset;
  if (channel === current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
  link.classList.toggle("is-unread", unread.has(channel));
  link.querySelector(".unread").hidden = !unread.has(channel);
}

function switcher(directory, person, desk) {
  const items = directory.people.map((candidate) => ({
    label: candidate.name,
    content: face(directory, candidate),
    isCurrent: candidate.id === person.id,
    person: candidate,
  }));
  return menuButton({
    label: `Act as somebody else; now ${person.name}`,
    className: "person-button",
    face: [face(directory, person), icon("up")],
    items,
    onpick: (item) => {
      desk.go({ as: item.person.handle, thread: undefined });
      document.querySelector(".person-button")?.focus();
    },
  });
}

function face(directory, person) {
  const badge = directory.badgeOf(person);
  return h(
    "span",
    { class: "face" },
    avatar({ name: person.name, color: person.color }, "small"),
    h("span", { class: "face-words" }, h("span", { class: "face-name" }, person.name), h("span", { class: "face-handle" }, person.handle)),
    badge && h("span", { class: "badge badge-outside" }, badge),
  );
}
