// Who one is. Each browser tab has a person of its own, so that two tabs are two
// colleagues.

import { h } from './dom.js';
import { state, nameOf } from './state.js';
import { avatar } from './avatar.js';

const KEY = 'person';

// remembered is the person of this tab, or '' for a new one.
export function remembered() {
  return sessionStorage.getItem(KEY) ?? '';
}

// remember keeps the person for this tab.
export function remember(id) {
  sessionStorage.setItem(KEY, id);
}

// peopleSwitch lets one be somebody else; change is called with the user id.
export function peopleSwitch(change) {
  return h('fieldset', { class: 'people' }, h('legend', {}, 'You are'), state.people.map((id) => h('label', { class: 'person' },
    h('input', { type: 'radio', name: 'person', value: id, checked: id === state.me, 'data-focus': `person-${id}`, on: { change: () => change(id) } }),
    avatar(id, 'small'),
    h('span', { class: 'who' }, h('span', { class: 'name' }, nameOf(id)), role(id)))));
}

function role(id) {
  const text = state.aside?.roles?.[id];
  return text ? h('span', { class: 'faint' }, text) : null;
}
