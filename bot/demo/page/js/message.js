/**
 * One message: who, when, blocks or text, files, replies, and the marks "edited" and
 * "Only visible to you".
 */

import { avatar } from "./avatar.js";
import { drawBlocks } from "./blocks/render.js";
import { clock, fullMoment, momentOf } from "./dates.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { channelOf } from "./place.js";

export function drawMessage(message, { day, isGrouped, inThread }, desk) {
  const author = desk.directory().authorOf(message);
  const classes = ["message", isGrouped && "is-grouped", message.ephemeral && "is-ephemeral"].filter(Boolean).join(" ");
  const canReply = !inThread && !message.ephemeral;
  return h(
    "li",
    { class: classes, "data-ts": message.ts, tabindex: -1 },
    day && h("div", { class: "day", role: "separator" }, h("span", null, day)),
    h(
      "article",
      { class: "message-card", "aria-label": `${author.name}, ${clock(momentOf(message.ts))}` },
      h("div", { class: "gutter" }, isGrouped ? time(message) : avatar(author)),
      h("div", { class: "message-body" }, headOf(message, author, isGrouped), contentOf(message, desk), canReply && repliesOf(message, desk)),
      canReply && replyButton(message, desk),
    ),
  );
}

function headOf(message, author, isGrouped) {
  const onlyYou = message.ephemeral && h("p", { class: "only-you" }, icon("eye"), "Only visible to you");
  if (isGrouped) return onlyYou;
  return [
    onlyYou,
    h(
      "div",
      { class: "message-head" },
      h("span", { class: "author" }, author.name),
      author.isBot && h("span", { class: "badge badge-bot" }, "Bot"),
      author.badge && h("span", { class: "badge badge-outside" }, author.badge),
      time(message),
    ),
  ];
}

function time(message) {
  const moment = momentOf(message.ts);
  return h("time", { class: "time", datetime: moment.toISOString(), title: fullMoment(moment) }, clock(moment));
}

function contentOf(message, desk) {
  const context = desk.contextFor({ channel: channelOf(desk.place()), ts: message.ts });
  const edited = message.edited && h("span", { class: "edited" }, " (edited)");
  const body = message.blocks?.length
    ? [drawBlocks(message.blocks, context), edited && h("p", { class: "edited-line" }, edited)]
    : message.text && h("div", { class: "text" }, mrkdwn(message.text, context.directory), edited);
  return [body, (message.attachments ?? []).map((attachment) => drawAttachment(attachment, context)), (message.files ?? []).map(fileCard)];
}

function drawAttachment(attachment, context) {
  const words = h("div", { class: "text" }, mrkdwn(attachment.text ?? attachment.fallback ?? "", context.directory));
  return h("div", { class: "attachment" }, attachment.blocks ? drawBlocks(attachment.blocks, context) : words);
}

function fileCard(file) {
  const name = file.name ?? file.title ?? file.id;
  const about = [file.title !== name && file.title, sizeOf(file)].filter(Boolean).join(" · ");
  return h(
    "a",
    { class: "file", href: `/files/${encodeURIComponent(file.id)}`, download: name },
    h("span", { class: "file-picture" }, icon("file")),
    h("span", { class: "file-words" }, h("span", { class: "file-name" }, name), h("span", { class: "file-about" }, about || "File")),
    icon("download"),
    h("span", { class: "visually-hidden" }, "Download"),
  );
}

function sizeOf(file) {
  const bytes = file.size ?? (file.text === undefined ? undefined : new TextEncoder().encode(file.text).length);
  if (bytes === undefined) return undefined;
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`;
}

function repliesOf(message, desk) {
  if (!message.reply_count) return undefined;
  const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("button", { type: "button", class: "replies", onclick: () => desk.go({ thread: message.ts }) }, icon("reply"), words);
}

function replyButton(message, desk) {
  const props = { type: "button", class: "icon-button", "aria-label": "Reply in thread", title: "Reply in thread" };
  return h("div", { class: "message-tools" }, h("button", { ...props, onclick: () => desk.go({ thread: message.ts }) }, icon("reply")));
}
