// Text objects of Block Kit.

import { h } from './dom.js';
import { mrkdwn, inline } from './mrkdwn.js';
import { withEmoji, plainEmoji } from './emoji.js';

// text renders a text object as a block of its own.
export function text(object) {
  if (!object) return null;
  if (object.type === 'mrkdwn') return mrkdwn(object.text, object);
  return h('div', { class: 'plain' }, object.emoji === false ? object.text : withEmoji(object.text));
}

// label renders a text object where only one line fits: buttons and options.
export function label(object) {
  if (!object) return null;
  return object.type === 'mrkdwn' ? inline(object.text) : withEmoji(object.text);
}

// words is a text object as a string.
export function words(object) {
  return plainEmoji(object?.text ?? '');
}
