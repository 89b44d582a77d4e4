// Where the person is: a channel or the app's Home, the open thread, and, on a
// narrow window, which screen is in front.

import { state, tell } from './state.js';

export const place = { channel: '', tab: 'messages', thread: '' };

// goTo opens a channel; the app's DM has two tabs, messages and home.
export function goTo(channel, tab = 'messages') {
  const moved = place.channel !== channel || place.tab !== tab;
  if (place.channel !== channel) place.thread = '';
  Object.assign(place, { channel, tab });
  show('chat');
  if (moved) {
    tell('place');
    tell('thread');
  }
}

// settle keeps the place when the person changes, if the new one may be there.
export function settle() {
  const here = state.channels.find((c) => c.id === place.channel);
  if (!here) Object.assign(place, { channel: state.channels[0]?.id ?? '', tab: 'messages', thread: '' });
  if (place.thread && !state.messages.get(place.channel)?.has(place.thread)) place.thread = '';
}

// openThread and closeThread show the thread under a message of this channel.
export function openThread(ts) {
  place.thread = ts;
  show('thread');
  tell('thread', { opened: true });
}

export function closeThread() {
  const ts = place.thread;
  place.thread = '';
  show('chat');
  tell('thread', { closed: ts });
}

// show brings a screen to the front: list, chat, thread or panel. It matters only where there is room for one.
export function show(screen) {
  document.body.dataset.screen = screen;
  tell('screen');
}

// current is the channel that is open.
export function current() {
  return state.channels.find((c) => c.id === place.channel);
}

// titleOf is a channel's name as the page shows it.
export function titleOf(channel) {
  return channel?.dm ? state.app : channel?.name ?? '';
}
