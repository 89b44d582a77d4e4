// What the page does not know is shown as its JSON, never as nothing.

import { h } from './dom.js';

// unknown shows an object as it came.
export function unknown(object) {
  const type = typeof object?.type === 'string' ? object.type : 'something';
  return h('details', { class: 'unknown', open: true },
    h('summary', {}, `${type}, which this page does not draw`),
    h('pre', {}, JSON.stringify(object, null, 2)));
}
