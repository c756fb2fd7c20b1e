/**
 * The Home tab: the view that the bot published for the acting person.
 */

import { drawBlocks } from "./blocks/render.js";
import { h, replace } from "./dom.js";
import { icon } from "./icons.js";

export function createHome(desk) {
  const body = h("div", { class: "home-body" });
  const node = h("section", { class: "home", "aria-label": "Home", tabindex: 0 }, body);
  const drawn = { key: undefined };
  return {
    node,
    show(view) {
      const key = JSON.stringify([desk.place().as, view && { ...view, state: undefined }]);
      if (key === drawn.key) return;
      drawn.key = key;
      const blocks = view?.blocks ?? [];
      replace(body, blocks.length > 0 ? drawBlocks(blocks, { ...desk.contextFor({ view_id: view.id }), state: view.state?.values }) : emptyHome());
    },
  };
}

function emptyHome() {
  return h("div", { class: "empty" }, icon("home"), h("p", null, "The bot has not published a Home tab for this person."));
}
