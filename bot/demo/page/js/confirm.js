/**
 * The confirm dialog of a button: asks before anything is sent. Focus starts on the safe
 * answer, and Escape means no.
 */

import { textNodes } from "./blocks/text.js";
import { h, uniqueId } from "./dom.js";

/** True if there is nothing to confirm or the person said yes. */
export function confirmed(object, context) {
  if (!object) return Promise.resolve(true);
  return new Promise((answer) => {
    const title = uniqueId("confirm");
    const style = object.style === "danger" ? "button-danger" : "button-primary";
    const dialog = h(
      "dialog",
      { class: "dialog confirm", role: "alertdialog", "aria-labelledby": title, "aria-describedby": `${title}-text` },
      h("h2", { id: title }, textNodes(object.title, context)),
      h("div", { id: `${title}-text`, class: "text" }, textNodes(object.text, context)),
      h(
        "form",
        { method: "dialog", class: "dialog-buttons" },
        h("button", { value: "no", class: "button", autofocus: true }, textNodes(object.deny ?? "Cancel", context)),
        h("button", { value: "yes", class: `button ${style}` }, textNodes(object.confirm ?? "Yes", context)),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
