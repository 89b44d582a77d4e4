// What the page knows of the workspace, as one person sees it. Modules read
// `state`, change it only through the functions here, and hear of changes by on.

export const state = {
  me: '', team: {}, app: '', bot: '', people: [], users: new Map(), channels: [],
  messages: new Map(), // channel → Map of ts → message, ephemeral ones included
  modals: [], home: null, slash: [], shortcuts: {}, tabs: {}, aside: null, machines: [], online: false,
  seq: 0, // the last event that is in here
};

const listeners = new Map();

// on calls back when a topic changes: workspace, message, views, home, machines, calls, online, place, thread, unread.
export function on(topics, listener) {
  for (const topic of topics.split(' ')) {
    if (!listeners.has(topic)) listeners.set(topic, []);
    listeners.get(topic).push(listener);
  }
}

// tell tells those who listen.
export function tell(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

// load takes in a whole workspace.
export function load(w) {
  Object.assign(state, {
    me: w.you, team: w.team, app: w.app, bot: w.bot_user, people: w.people, channels: w.channels ?? [], seq: w.seq,
    users: new Map(w.users.map((user) => [user.id, user])), slash: w.slash ?? [], shortcuts: w.shortcuts ?? {},
    modals: w.modals ?? [], home: w.home ?? null, tabs: w.tabs, aside: w.aside ?? null, machines: w.machines ?? [],
    online: w.online, messages: new Map(),
  });
  for (const list of Object.values(w.messages ?? {})) list.forEach(put);
  (w.ephemerals ?? []).forEach(put);
  tell('workspace');
}

function put(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  const known = state.messages.get(message.channel);
  const fresh = !known.has(message.ts);
  known.set(message.ts, message);
  return fresh;
}

const HANDLERS = {
  message: (e) => tell('message', { message: e.data, fresh: put(e.data) }),
  changed: (e) => tell('message', { message: e.data, fresh: put(e.data) }),
  ephemeral: (e) => tell('message', { message: e.data, fresh: put(e.data) }),
  deleted: (e) => {
    state.messages.get(e.channel)?.delete(e.ts);
    tell('message', { message: { channel: e.channel, ts: e.ts }, fresh: false });
  },
  view: (e) => {
    applyView(e.name, e.data);
    tell('views', e);
  },
  home: (e) => {
    state.home = e.data;
    tell('home');
  },
  call: () => tell('calls'),
  connected: (e) => setOnline(e.online),
  disconnected: (e) => setOnline(e.online),
};

// apply takes in one event of the stream; what a load has brought already is left out.
export function apply(event) {
  if (event.seq <= state.seq) return;
  state.seq = event.seq;
  HANDLERS[event.kind]?.(event);
}

function applyView(what, view) {
  const at = state.modals.findIndex((open) => open.id === view.id);
  if (what === 'closed' && at >= 0) state.modals.splice(at, 1);
  else if (what !== 'closed' && at >= 0) state.modals[at] = view;
  else if (what === 'opened') state.modals.push(view);
}

// setMachines and setOnline take in what the stream says besides the feed.
export function setMachines(machines) {
  state.machines = machines ?? [];
  tell('machines');
}

export function setOnline(online) {
  state.online = online;
  tell('online');
}

// nameOf is how a person is called.
export function nameOf(id) {
  const user = state.users.get(id);
  return user?.name ?? (id === 'USLACKBOT' ? 'Slackbot' : id);
}

// isBot says whether a user is an app.
export function isBot(id) {
  return id === 'USLACKBOT' || Boolean(state.users.get(id)?.bot);
}

// inOrder are a channel's messages, oldest first.
export function inOrder(channel) {
  const all = [...(state.messages.get(channel)?.values() ?? [])];
  return all.sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

// isReply says whether a message is inside a thread, not its parent.
export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

// repliesTo are the replies in a thread, without those that only one person sees.
export function repliesTo(channel, ts) {
  return inOrder(channel).filter((m) => m.thread_ts === ts && m.ts !== ts);
}
