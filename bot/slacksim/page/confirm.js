// The question before a button with `confirm` does anything.

import { h, fill } from './dom.js';
import { text, label, words } from './text.js';

// confirmed asks, and resolves to what the person says. Escape says no.
export function confirmed(question) {
  const dialog = document.getElementById('confirm');
  const answer = (yes) => () => dialog.close(yes ? 'yes' : 'no');
  const yes = h('button', { type: 'button', class: `button ${question.style ?? 'primary'}`, 'data-answer': 'yes', on: { click: answer(true) } },
    label(question.confirm) ?? 'Yes');
  const no = h('button', { type: 'button', class: 'button', 'data-answer': 'no', on: { click: answer(false) } }, label(question.deny) ?? 'Cancel');
  fill(dialog,
    h('h2', { id: 'confirm-title' }, words(question.title) || 'Are you sure?'),
    h('div', { id: 'confirm-text' }, text(question.text)),
    h('div', { class: 'dialog-foot' }, no, yes));
  dialog.setAttribute('aria-labelledby', 'confirm-title');
  dialog.setAttribute('aria-describedby', 'confirm-text');
  dialog.returnValue = 'no';
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
