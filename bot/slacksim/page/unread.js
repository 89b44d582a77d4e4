// What a person has not seen yet. It is kept per browser tab and person.

import { state, inOrder, isReply, tell } from './state.js';

function storageKey() {
  return `read:${state.me}`;
}

function marks() {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey())) ?? {};
  } catch {
    return {};
  }
}

// lastRead is the ts up to which a channel was seen.
export function lastRead(channel) {
  return marks()[channel] ?? '';
}

// unread are the messages in a channel that others wrote since.
export function unread(channel) {
  const since = lastRead(channel);
  return inOrder(channel).filter((m) => m.ts > since && m.user !== state.me && (!isReply(m) || m.broadcast));
}

// markRead notes that a channel was seen to its end.
export function markRead(channel) {
  const last = inOrder(channel).at(-1)?.ts;
  if (!last || last <= lastRead(channel)) return;
  sessionStorage.setItem(storageKey(), JSON.stringify({ ...marks(), [channel]: last }));
  tell('unread');
}
