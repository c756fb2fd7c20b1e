/**
 * The acting person's modals. The top view is shown in a dialog; a view that the bot updates
 * keeps what was typed; what the bot finds wrong stands below the fields.
 */

import { ApiError, api } from "./api.js";
import { drawBlocks } from "./blocks/render.js";
import { textNodes } from "./blocks/text.js";
import { h, replace, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

const MISSING = "Please fill in this field.";

export function createModal(desk) {
  const modal = { desk, dialog: undefined, key: undefined, view: undefined, fields: new Map(), drafts: new Map(), dismissed: new Set() };
  return {
    show(views) {
      const open = views.filter((view) => !modal.dismissed.has(view.id));
      const view = open.at(-1);
      const key = JSON.stringify([desk.place().as, view && { ...view, state: undefined }, open.length]);
      if (key === modal.key) return;
      modal.key = key;
      if (view) draw(modal, view, open.length);
      else shut(modal);
    },
  };
}

function draw(modal, view, depth) {
  if (modal.view) modal.drafts.set(modal.view.id, typedIn(modal.fields));
  modal.fields = new Map();
  modal.view = view;
  const title = uniqueId("modal");
  const form = h("form", { class: "modal-form", novalidate: true }, head(modal, view, title, depth), bodyOf(modal, view), feet(modal, view, depth));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(modal, form);
  });
  for (const { id, actionId, value } of modal.drafts.get(view.id) ?? []) {
    const field = modal.fields.get(id);
    if (field?.actionId === actionId) field.write(value);
  }
  dialogOf(modal, title, form);
}

function typedIn(fields) {
  return [...fields].map(([id, field]) => ({ id, actionId: field.actionId, value: field.read() }));
}

function dialogOf(modal, title, form) {
  if (!modal.dialog) {
    modal.dialog = h("dialog", { class: "dialog modal" });
    modal.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      dismiss(modal);
    });
    document.body.append(modal.dialog);
  }
  modal.dialog.setAttribute("aria-labelledby", title);
  replace(modal.dialog, form);
  if (!modal.dialog.open) modal.dialog.showModal();
  (form.querySelector("[autofocus]") ?? form.querySelector(".modal-body :is(input, select, textarea, button)"))?.focus();
}

function shut(modal) {
  modal.dialog?.close();
  modal.dialog?.remove();
  Object.assign(modal, { dialog: undefined, view: undefined, fields: new Map(), drafts: new Map() });
}

function head(modal, view, id, depth) {
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close dialog", onclick: () => dismiss(modal) }, icon("close"));
  return h(
    "header",
    { class: "modal-head" },
    h("h2", { id }, textNodes(view.title, modal.desk.contextFor({}))),
    depth > 1 && h("span", { class: "badge" }, `${depth} open`),
    close,
  );
}

function bodyOf(modal, view) {
  const context = { ...modal.desk.contextFor({ view_id: view.id }), fields: modal.fields, state: view.state?.values };
  return h("div", { class: "modal-body" }, h("div", { class: "modal-error", role: "alert" }), drawBlocks(view.blocks, context));
}

function feet(modal, view, depth) {
  const context = modal.desk.contextFor({});
  const close = view.close ?? (depth > 1 ? "Back" : view.submit ? "Cancel" : "Close");
  return h(
    "footer",
    { class: "dialog-buttons" },
    h("button", { type: "button", class: "button", onclick: () => dismiss(modal) }, textNodes(close, context)),
    view.submit && h("button", { type: "submit", class: "button button-primary" }, textNodes(view.submit, context)),
  );
}

/** Closes the top view. A workspace that cannot be told keeps it; then it is only hidden here. */
async function dismiss(modal) {
  const { view, desk } = modal;
  try {
    await api.close({ user: desk.place().as });
  } catch {
    modal.dismissed.add(view.id);
  }
  desk.refreshViews();
}

async function submit(modal, form) {
  const values = {};
  const errors = {};
  for (const [id, field] of modal.fields) {
    const value = field.read();
    const isEmpty = value === null || value.length === 0;
    if (isEmpty && field.isRequired) errors[id] = MISSING;
    values[id] = { [field.actionId]: value };
  }
  complain(modal, form, errors);
  if (Object.keys(errors).length > 0) return;
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await api.submit({ user: modal.desk.place().as, values });
    complain(modal, form, answer.errors ?? {}, answer.acked ? undefined : "The bot did not answer in time. Please try again.");
  } catch (error) {
    complain(modal, form, {}, error instanceof ApiError ? error.message : "The workspace cannot be reached.");
  } finally {
    form.removeAttribute("aria-busy");
    modal.desk.refreshViews();
  }
}

/** Shows each error at its field, any other at the top, and goes to the first field that is wrong. */
function complain(modal, form, errors, general) {
  const homeless = Object.entries(errors).filter(([id]) => !modal.fields.has(id)).map(([, words]) => words);
  for (const [id, field] of modal.fields) field.complain(errors[id]);
  replace(form.querySelector(".modal-error"), [general, ...homeless].filter(Boolean).map((words) => h("p", null, icon("warning"), words)));
  const first = [...modal.fields].find(([id]) => errors[id]);
  first?.[1].focus();
}
