// A list of messages that grows, changes in place, and stays at its end while
// the person reads there.

import { h, reconcile } from './dom.js';
import { message } from './message.js';
import { isEditing } from './edit.js';
import { isReply, repliesTo, nameOf, isBot } from './state.js';
import { day, moment, ago } from './time.js';

const JOIN = 5 * 60; // seconds in which messages of one person stand together
const NEAR = 80; // pixels from the end that count as being there
const PAGE = 150; // messages at first, and more with each click on Earlier

export class Timeline {
  #node;
  #inThread;
  #shown = PAGE;

  constructor(node, { inThread = false } = {}) {
    this.#node = node;
    this.#inThread = inThread;
  }

  // show draws messages, oldest first, with what stands before them, and a line
  // before the first of the unread ones.
  show(messages, { intro = null, unreadFrom = '', toEnd = false, changed = '' } = {}) {
    const atEnd = toEnd || this.#node.scrollHeight - this.#node.scrollTop - this.#node.clientHeight < NEAR;
    const items = this.#items(messages, intro, unreadFrom);
    reconcile(this.#node, items, (item) => item.draw());
    if (changed) this.#flash(changed);
    if (atEnd) this.#node.scrollTop = this.#node.scrollHeight;
  }

  // reset forgets how far back was read.
  reset() {
    this.#shown = PAGE;
  }

  #items(messages, intro, unreadFrom) {
    const hidden = Math.max(0, messages.length - this.#shown);
    const items = hidden ? [this.#earlier(hidden)] : intro ? [intro] : [];
    let before = null;
    for (const m of messages.slice(hidden)) {
      const date = day(moment(m.ts));
      if (!this.#inThread && (!before || day(moment(before.ts)) !== date)) items.push(divider(`day-${date}`, date, 'day'));
      const firstNew = m.ts === unreadFrom;
      if (firstNew) items.push(divider('new', 'New', 'new'));
      items.push(this.#item(m, !firstNew && joins(before, m)));
      before = m;
    }
    return items;
  }

  #item(m, joined) {
    const replies = repliesTo(m.channel, m.ts);
    const last = replies.at(-1);
    const editing = isEditing(m.ts);
    const thread = last && !this.#inThread ? `${replies.length}-${last.ts}-${ago(moment(last.ts))}` : '';
    return {
      key: m.ts, version: [m.version, joined, editing, thread, nameOf(m.user)].join(' '),
      draw: () => message(m, { joined, inThread: this.#inThread, editing }),
    };
  }

  #earlier(count) {
    const more = () => {
      this.#shown += PAGE;
      this.#node.dispatchEvent(new CustomEvent('earlier', { bubbles: true }));
    };
    return {
      key: 'earlier', version: String(count),
      draw: () => h('button', { type: 'button', class: 'quiet earlier', on: { click: more } }, `Show earlier messages (${count})`),
    };
  }

  // flash points out a message that has changed in place.
  #flash(ts) {
    const node = this.#node.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    node?.classList.add('changed');
  }
}

function divider(key, text, kind) {
  return { key, version: text, draw: () => h('div', { class: `divider ${kind}`, role: 'separator' }, h('span', {}, text)) };
}

// joins says whether a message stands under the head of the one before.
function joins(before, m) {
  if (!before || before.user !== m.user || before.to || m.to || isReply(m) !== isReply(before)) return false;
  if (m.blocks && isBot(m.user) && !isReply(m)) return false; // a card stands by itself
  return Number(m.ts) - Number(before.ts) < JOIN;
}
