// Mentions of people and channels.

import { h } from './dom.js';
import { state, nameOf } from './state.js';
import { goTo } from './places.js';

// mention is @somebody; one's own name stands out.
export function mention(id, label) {
  const name = state.users.has(id) ? nameOf(id) : label || id;
  return h('span', { class: id === state.me ? 'mention me' : 'mention' }, `@${name}`);
}

// channelLink is #channel, and leads there if the person is in it.
export function channelLink(id, label) {
  const channel = state.channels.find((c) => c.id === id);
  if (!channel) return h('span', { class: 'mention' }, `#${label || 'private'}`);
  return h('button', { class: 'mention', type: 'button', on: { click: () => goTo(id) } }, `#${channel.name}`);
}
