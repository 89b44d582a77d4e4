// The open channel: its head, its messages and its composer.

import { h, fill, icon } from './dom.js';
import { Timeline } from './timeline.js';
import { Composer } from './composer.js';
import { state, on, inOrder, isReply, nameOf } from './state.js';
import { place, current, titleOf, goTo, show } from './places.js';
import { unread, markRead, lastRead } from './unread.js';
import { announce } from './notice.js';
import { act } from './api.js';
import { unescaped } from './mrkdwn.js';
import { avatar } from './avatar.js';
import { plainEmoji } from './emoji.js';
import { intro } from './intro.js';

// channelView runs the main column.
export function channelView() {
  const list = document.getElementById('timeline');
  const timeline = new Timeline(list);
  const composer = new Composer({ id: 'composer', label: 'Message', place: () => ({ channel: place.channel, thread: '' }) });
  document.getElementById('composer-slot').append(composer.node);
  let unreadFrom = '';
  let where = '';

  function draw(options = {}) {
    const home = place.tab === 'home';
    list.hidden = composer.node.hidden = home;
    if (home || !place.channel) return;
    const messages = inOrder(place.channel).filter((m) => !isReply(m) || m.broadcast);
    timeline.show(messages, { intro: intro(current()), unreadFrom, ...options });
    if (document.visibilityState === 'visible') markRead(place.channel);
  }
  function arrive() {
    const here = [state.me, place.channel, place.tab].join(' ');
    if (here !== where) {
      unreadFrom = lastRead(place.channel) ? unread(place.channel)[0]?.ts ?? '' : '';
      timeline.reset();
    }
    where = here;
    head();
    composer.arrive(`Message ${place.channel && current()?.dm ? titleOf(current()) : `#${titleOf(current())}`}`);
    draw({ toEnd: true });
    if (current()?.dm) act('open', { user: state.me, name: place.tab }).catch(() => {}); // the manifest may have the tab off
  }

  on('workspace place', arrive);
  on('message', ({ message, fresh }) => {
    if (message.channel !== place.channel) return;
    speak(message);
    draw({ changed: fresh ? '' : message.ts, toEnd: fresh && message.user === state.me });
  });
  on('online', head);
  list.addEventListener('earlier', () => draw());
  document.addEventListener('visibilitychange', () => draw());
}

// speak reads out what others write; of an app's card its one-line text is enough.
function speak(m) {
  if (m.text && m.user !== state.me) announce(plainEmoji(unescaped(`${nameOf(m.user)}: ${m.text}`)));
}

function head() {
  const channel = current();
  const back = h('button', { type: 'button', class: 'quiet back', 'data-focus': 'back', 'aria-label': 'Back to the channels', on: { click: () => show('list') } }, icon('back'));
  const name = h('h1', {}, channel?.dm ? icon('mark') : icon(channel?.private ? 'lock' : 'hash'), titleOf(channel));
  const about = channel?.dm
    ? h('span', { class: 'faint' }, state.online ? 'app · connected' : 'app · not connected')
    : h('span', { class: 'faint members' }, `${channel?.members.length ?? 0} members`);
  const you = h('button', { type: 'button', class: 'quiet you', 'data-focus': 'you', 'aria-label': `You are ${nameOf(state.me)}`, on: { click: () => show('list') } },
    avatar(state.me, 'small'));
  fill(document.getElementById('place'), back, name, about, channel?.dm ? tabs(channel) : null, you);
}

// tabs are Home and Messages of the app, as far as the manifest has them.
function tabs(channel) {
  const names = [['home', 'Home'], ['messages', 'Messages']].filter(([name]) => state.tabs[name]);
  return h('div', { class: 'tabs', role: 'tablist', 'aria-label': titleOf(channel) }, names.map(([tab, text]) => h('button', {
    type: 'button', role: 'tab', 'aria-selected': String(place.tab === tab), 'data-focus': tab, 'aria-controls': tab === 'home' ? 'home' : 'timeline',
    on: { click: () => goTo(channel.id, tab) },
  }, text)));
}
