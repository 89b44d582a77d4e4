// The sidebar: channels, the app, and who one is.

import { h, fill, icon, unseen } from './dom.js';
import { state, on } from './state.js';
import { place, goTo, titleOf } from './places.js';
import { unread } from './unread.js';
import { peopleSwitch } from './people.js';

// sidebarView runs the sidebar.
export function sidebarView(change) {
  const node = document.getElementById('sidebar');
  const team = h('div', { class: 'team' });
  const list = h('div', { class: 'channels' });
  const people = h('div', {});
  fill(node, team, list, people);
  const draw = () => fill(list, group('Channels', state.channels.filter((c) => !c.dm)), group('Apps', state.channels.filter((c) => c.dm)));
  on('workspace', () => {
    fill(team, icon('mark', 'mark'), h('span', {}, state.team.name));
    fill(people, peopleSwitch(change));
  });
  on('workspace place message unread online', () => {
    draw();
    title();
  });
}

function group(name, channels) {
  if (!channels.length) return null;
  return h('section', { 'aria-label': name }, h('h2', {}, name), h('ul', {}, channels.map((c) => h('li', {}, entry(c)))));
}

function entry(channel) {
  const here = place.channel === channel.id;
  const count = here && document.visibilityState === 'visible' && place.tab === 'messages' ? 0 : unread(channel.id).length;
  return h('button', {
    type: 'button', class: count ? 'channel unread' : 'channel', 'aria-current': here ? 'page' : null, 'data-channel': channel.id,
    'data-focus': channel.id, on: { click: () => goTo(channel.id, channel.dm && here ? place.tab : 'messages') },
  },
  icon(channel.dm ? 'mark' : channel.private ? 'lock' : 'hash'), h('span', { class: 'name' }, titleOf(channel)),
  channel.dm ? h('span', { class: state.online ? 'dot well' : 'dot', title: state.online ? 'connected' : 'not connected' }) : null,
  count ? [h('span', { class: 'count', 'aria-hidden': 'true' }, count), unseen(`, ${count} unread`)] : null);
}

function title() {
  const channel = state.channels.find((c) => c.id === place.channel);
  const total = state.channels.reduce((sum, c) => sum + (c.id === place.channel ? 0 : unread(c.id).length), 0);
  document.title = `${total ? `(${total}) ` : ''}${channel?.dm ? '' : '#'}${titleOf(channel)} · ${state.team.name}`;
}
