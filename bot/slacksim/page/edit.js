// Changing and deleting one's own messages.

import { h, icon } from './dom.js';
import { state, tell } from './state.js';
import { act } from './api.js';
import { trouble } from './notice.js';
import { confirmed } from './confirm.js';
import { menuButton } from './menu.js';
import { unescaped } from './mrkdwn.js';

let editing = ''; // the ts of the message that is being changed

// isEditing says whether a message is being changed.
export function isEditing(ts) {
  return ts === editing;
}

// tools is the menu at one's own message.
export function tools(m) {
  return h('div', { class: 'tools' }, menuButton({
    label: 'Message actions', content: icon('more'), focus: 'tools',
    items: [{ label: 'Edit message', choose: () => edit(m, m.ts) }, { label: 'Delete message', choose: () => remove(m) }],
  }));
}

function edit(m, ts) {
  editing = ts;
  tell('message', { message: m, fresh: false });
}

async function remove(m) {
  const question = {
    title: { text: 'Delete message?' }, text: { type: 'plain_text', text: 'It cannot be brought back.' },
    confirm: { type: 'plain_text', text: 'Delete' }, style: 'danger',
  };
  if (await confirmed(question)) await act('delete', { user: state.me, channel: m.channel, ts: m.ts }).catch(trouble);
}

// editor is shown instead of the message's text.
export function editor(m) {
  const area = h('textarea', { class: 'field-input', rows: 2, 'aria-label': 'Edit message', 'data-focus': 'editor', on: { keydown: (e) => key(e) } });
  area.value = unescaped(m.text.replace(/<(?:https?:[^|>]*\|)?([^>]*)>/g, (whole, inner) => (/^[@#!]/.test(inner) ? whole : inner)));
  const save = () => act('edit', { user: state.me, channel: m.channel, ts: m.ts, text: area.value }).then(() => edit(m, ''), trouble);
  function key(event) {
    if (event.key === 'Escape') edit(m, '');
    else if (event.key === 'Enter' && !event.shiftKey) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  queueMicrotask(() => area.focus());
  return h('div', { class: 'editor' }, area, h('div', { class: 'row' },
    h('button', { type: 'button', class: 'button', on: { click: () => edit(m, '') } }, 'Cancel'),
    h('button', { type: 'button', class: 'button primary', on: { click: save } }, 'Save')));
}
