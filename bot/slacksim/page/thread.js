// The thread pane.

import { h, fill, icon } from './dom.js';
import { Timeline } from './timeline.js';
import { Composer } from './composer.js';
import { state, on, repliesTo } from './state.js';
import { place, current, titleOf, closeThread, show } from './places.js';

// threadView runs the pane: it is there while a thread is open.
export function threadView() {
  const pane = document.getElementById('thread');
  const where = h('span', { class: 'faint' });
  const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close the thread', on: { click: closeThread } }, icon('close'));
  const list = h('div', { class: 'timeline', role: 'log', 'aria-live': 'off', 'aria-label': 'Replies', tabindex: 0 });
  const timeline = new Timeline(list, { inThread: true });
  const composer = new Composer({ id: 'thread-composer', label: 'Reply', place: () => ({ channel: place.channel, thread: place.thread }) });
  fill(pane, h('header', { class: 'place' }, h('h2', {}, 'Thread'), where, close), list, composer.node);

  function draw(options) {
    const parent = state.messages.get(place.channel)?.get(place.thread);
    pane.hidden = !parent;
    if (!parent && document.body.dataset.screen === 'thread') show('chat');
    document.body.classList.toggle('with-thread', !pane.hidden);
    if (parent) timeline.show([parent, ...repliesTo(place.channel, place.thread)], options);
  }

  on('workspace', () => draw({ toEnd: true }));
  on('thread', (change) => {
    where.textContent = current()?.dm ? titleOf(current()) : `#${titleOf(current())}`;
    timeline.reset();
    draw({});
    if (change?.opened) {
      composer.arrive('Reply…');
      list.scrollTop = 0;
      composer.focus();
    }
    if (change?.closed) document.querySelector(`#timeline [data-ts="${CSS.escape(change.closed)}"] .thread-line`)?.focus();
  });
  on('message', ({ message: m, fresh }) => {
    if (m.channel !== place.channel || !place.thread || (m.ts !== place.thread && m.thread_ts !== place.thread && fresh)) return;
    draw({ changed: fresh ? '' : m.ts, toEnd: fresh && m.user === state.me });
  });
  list.addEventListener('earlier', () => draw({}));
  pane.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) closeThread();
  });
}
