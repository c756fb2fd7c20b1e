/**
 * The page's centre: knows the place, fetches what the place shows, hands it to the parts, and
 * fetches again when the event stream says that something changed. Parts never talk to each other.
 */

import { api, listen } from "./api.js";
import { createComposer } from "./composer.js";
import { Directory } from "./directory.js";
import { h } from "./dom.js";
import { closeDrawer } from "./drawer.js";
import { createHeader } from "./header.js";
import { createHome } from "./home.js";
import { createModal } from "./modal.js";
import { notice } from "./notices.js";
import { DIRECT, HOME, channelOf, readPlace, settle, writePlace } from "./place.js";
import { createSidebar } from "./sidebar.js";
import { applyTheme } from "./theme.js";
import { createThread } from "./thread.js";
import { createTimeline } from "./timeline.js";

const page = { directory: undefined, place: undefined, unread: new Set(), isReachable: true, hangUp: () => {} };
const desk = {
  directory: () => page.directory,
  place: () => page.place,
  go,
  contextFor,
  run,
  refreshViews: () => refresh.views(),
};
const parts = {
  sidebar: createSidebar(desk),
  header: createHeader(desk),
  timeline: createTimeline(desk, { label: "Messages" }),
  composer: createComposer(desk),
  home: createHome(desk),
  thread: createThread(desk),
  modal: createModal(desk),
};

/** What a drawn block needs: names, and a way to say that somebody clicked. */
function contextFor(where) {
  return {
    directory: page.directory,
    act: (action) => run(async () => {
      const { acked } = await api.click({ user: page.place.as, ...where, ...action });
      if (!acked) notice("The bot did not answer the click in time.");
      refreshAll();
    }),
  };
}

/** Does something and shows its failure as a notice. */
async function run(work) {
  try {
    return await work();
  } catch (error) {
    notice(error.message);
    return undefined;
  }
}

/** Runs one fetch at a time and once more if it was asked for meanwhile, so that the newest answer wins. */
function coalesced(fetchAndShow) {
  let running = false;
  let again = false;
  return async function refetch() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await fetchAndShow().catch((error) => console.warn(error.message));
    }
    running = false;
  };
}

const refresh = {
  messages: coalesced(() => ifStillHere(
    ({ channel, as }) => (channel === HOME ? undefined : api.messages(channelOf(page.place), as)),
    (answer) => parts.timeline.show(answer.messages),
  )),
  thread: coalesced(() => ifStillHere(
    ({ thread, as }) => thread && api.messages(channelOf(page.place), as, thread),
    (answer) => parts.thread.show(answer.messages),
  )),
  home: coalesced(() => ifStillHere(({ channel, as }) => channel === HOME && api.home(as), (answer) => parts.home.show(answer.view))),
  views: coalesced(() => ifStillHere(({ as }) => api.views(as), (answer) => parts.modal.show(answer.views))),
  workspace: coalesced(async () => {
    page.directory = new Directory(await api.workspace());
    showFrame();
  }),
};

/** Shows an answer only if the reader has not gone elsewhere while it was under way. */
async function ifStillHere(fetching, show) {
  const asked = page.place;
  const answer = await fetching(asked);
  if (answer && asked === page.place) show(answer);
}

function refreshAll() {
  for (const part of ["messages", "thread", "home", "views"]) refresh[part]();
}

function onEvent({ kind, channel }) {
  if (!page.isReachable) setReachable(true);
  if (kind === "resync") refresh.workspace().then(refreshAll);
  else if (kind === "connection") refresh.workspace();
  else if (kind === "message") onMessage(channel);
  else if (kind in refresh) refresh[kind]();
  else if (kind === "view") refresh.views();
}

function onMessage(channel) {
  const known = page.directory.channel(channel);
  const here = known ? known.id === page.place.channel : page.place.channel === DIRECT;
  if (here) {
    refresh.messages();
    refresh.thread();
  } else {
    page.unread.add(known?.id ?? DIRECT);
    showFrame();
  }
}

function setReachable(isReachable) {
  page.isReachable = isReachable;
  showFrame();
}

function showFrame() {
  page.unread.delete(page.place.channel);
  parts.sidebar.show(page.unread);
  parts.header.show(page.isReachable);
  parts.composer.show();
}

/** Goes to a place, whole or in part; a new person also gets a new event stream. */
function go(change) {
  const before = page.place;
  page.place = settle({ ...before, ...change }, page.directory);
  writePlace(page.place);
  const elsewhere = before?.as !== page.place.as || before?.channel !== page.place.channel;
  if (elsewhere) parts.timeline.clear();
  if (before?.as !== page.place.as) changePerson();
  document.body.classList.toggle("at-home", page.place.channel === HOME);
  document.body.classList.toggle("with-thread", Boolean(page.place.thread));
  closeDrawer();
  parts.thread.open(page.place.thread);
  if (elsewhere && page.place.channel === HOME) run(() => api.openHome({ user: page.place.as }));
  showFrame();
  refreshAll();
}

function changePerson() {
  page.unread.clear();
  page.hangUp();
  page.hangUp = listen(page.place.as, onEvent, () => page.isReachable && setReachable(false));
}

async function start() {
  applyTheme();
  const main = h("main", { class: "main", id: "main", tabindex: -1 }, parts.header.node, parts.timeline.node, parts.home.node, parts.composer.node);
  document.getElementById("app").append(parts.sidebar.node, main, parts.thread.node);
  document.querySelector("[data-skip]").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  page.directory = new Directory(await api.workspace());
  addEventListener("hashchange", () => go(readPlace()));
  go(readPlace());
}

start().catch((error) => notice(error.message));
