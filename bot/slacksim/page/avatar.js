// Pictures of people: their initial on a colour of their own. Apps have a mark.

import { h, icon } from './dom.js';
import { isBot, nameOf } from './state.js';

const COLOURS = 6;

// avatar is the picture of a user.
export function avatar(id, size = '') {
  const app = isBot(id);
  const tone = app ? 'app' : `tone-${hash(nameOf(id)) % COLOURS}`;
  return h('span', { class: `avatar ${tone} ${size}`, 'aria-hidden': 'true' }, app ? icon('app') : nameOf(id).slice(0, 1).toUpperCase());
}

function hash(text) {
  let sum = 0;
  for (const c of text) sum = (sum * 31 + c.codePointAt(0)) % 9973;
  return sum;
}
