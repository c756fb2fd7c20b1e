/**
 * The control API of the local workspace, one function per call. It knows addresses and
 * JSON, and turns every failure into an Error with one readable sentence.
 */

async function call(path, options) {
  let response;
  try {
    response = await fetch(`/control/${path}`, options);
  } catch {
    throw new Error("The local workspace cannot be reached.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(body.error ?? `The workspace answered ${response.status}.`, response.status);
  return body;
}

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return call(`${path}?${new URLSearchParams(given)}`);
}

function post(path, body) {
  return call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export const api = {
  workspace: () => get("workspace"),
  messages: (channel, user, threadTs) => get("messages", { channel, user, thread_ts: threadTs }),
  views: (user) => get("views", { user }),
  home: (user) => get("home", { user }),
  command: (body) => post("command", body),
  click: (body) => post("click", body),
  submit: (body) => post("submit", body),
  say: (body) => post("say", body),
  close: (body) => post("close", body),
  openHome: (body) => post("open_home", body),
};

/** Calls back with every `{kind, channel?}`, and with `{kind: "resync"}` whenever the stream (re)opens. */
export function listen(user, onEvent, onBroken) {
  const source = new EventSource(`/control/events?${new URLSearchParams({ user })}`);
  source.onopen = () => onEvent({ kind: "resync" });
  source.onmessage = (event) => onEvent(JSON.parse(event.data));
  source.onerror = () => onBroken();
  return () => source.close();
}
