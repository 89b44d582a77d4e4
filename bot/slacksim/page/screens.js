// On a narrow window one screen is in front, and this bar changes between them.

import { h, fill, icon } from './dom.js';
import { state, on } from './state.js';
import { place, show } from './places.js';
import { unread } from './unread.js';

// screensView runs the bar.
export function screensView() {
  const node = document.getElementById('screens');
  const draw = () => {
    const at = document.body.dataset.screen;
    const waiting = state.channels.some((c) => c.id !== place.channel && unread(c.id).length > 0);
    const items = [['list', 'Channels', 'list'], [place.thread ? 'thread' : 'chat', 'Chat', 'chat']];
    if (state.aside) items.push(['panel', 'Demo', 'bulb']);
    fill(node, items.map(([screen, text, picture]) => h('button', {
      type: 'button', 'data-focus': text, 'aria-current': at === screen || (text === 'Chat' && at === 'chat') ? 'true' : null, on: { click: () => show(screen) },
    }, icon(picture), text, screen === 'list' && waiting ? h('span', { class: 'dot bad', title: 'unread messages' }) : null)));
  };
  on('workspace place screen unread thread', draw);
}
