/**
 * The bar above the messages: where one is, whether the bot is connected, colours, and on
 * small screens the button that opens the sidebar.
 */

import { h, replace } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { icon } from "./icons.js";
import { DIRECT, HOME } from "./place.js";
import { themeButton } from "./theme.js";

export function createHeader(desk) {
  const title = h("h1", null);
  const about = h("p", { class: "header-about" });
  const connection = h("span", { class: "connection", role: "status" });
  const node = h(
    "header",
    { class: "header" },
    h("button", { type: "button", class: "icon-button drawer-button", "aria-label": "Open sidebar", "aria-controls": "sidebar", onclick: openDrawer }, icon("menu")),
    h("div", { class: "header-words" }, title, about),
    connection,
    themeButton(),
  );
  return {
    node,
    show(isReachable) {
      const place = desk.place();
      const directory = desk.directory();
      replace(title, titleOf(place, directory));
      replace(about, aboutOf(place, directory));
      showConnection(connection, isReachable, directory);
      document.title = `${title.textContent} · Contoso · local workspace`;
    },
  };
}

function titleOf(place, directory) {
  if (place.channel === HOME) return [icon("home"), "Home"];
  if (place.channel === DIRECT) return [icon("box"), directory.bot?.name ?? "pkgstatus"];
  return [icon("hash"), directory.channelName(place.channel)];
}

function aboutOf(place, directory) {
  if (place.channel === HOME) return `App Home of ${directory.bot?.name ?? "the bot"}`;
  if (place.channel === DIRECT) return "Direct messages";
  const people = directory.channel(place.channel).members.filter((id) => !directory.person(id)?.is_bot);
  return `${people.length} ${people.length === 1 ? "person" : "people"}`;
}

function showConnection(node, isReachable, directory) {
  const isConnected = isReachable && directory.connected > 0;
  const words = isConnected ? "Bot connected" : isReachable ? "Bot not connected" : "Workspace unreachable";
  if (node.textContent === words) return;
  node.dataset.state = isConnected ? "on" : "off";
  replace(node, h("span", { class: "connection-dot", "aria-hidden": "true" }), h("span", null, words));
}
