// The field in which a person writes, with completion.

import { h, icon } from './dom.js';
import { Completion } from './completion.js';
import { state, on } from './state.js';
import { act } from './api.js';
import { trouble, refused } from './notice.js';
import { menuButton } from './menu.js';
import { sent } from './steps.js';

const TALLEST = 200; // pixels

export class Composer {
  #place;
  #field;
  #completion;
  #drafts = new Map();
  #where = '';

  // id is that of the field; place() says where what is sent goes.
  constructor({ id, label, place }) {
    this.#place = place;
    this.#field = h('textarea', {
      id, rows: 1, 'aria-label': label, role: 'combobox', 'aria-expanded': 'false', 'aria-autocomplete': 'list',
      'aria-controls': `${id}-list`, autocomplete: 'off', spellcheck: 'true',
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event), blur: () => this.#completion.close() },
    });
    this.#completion = new Completion(this.#field, `${id}-list`, () => !place().thread);
    const send = h('button', { type: 'button', class: 'send', 'aria-label': 'Send', title: 'Send', on: { click: () => this.send() } }, icon('send'));
    this.node = h('div', { class: 'composer' }, this.#completion.list,
      h('div', { class: 'composer-box' }, id === 'composer' ? shortcuts() : null, this.#field, send),
      h('div', { class: 'composer-hint faint' }, h('kbd', {}, 'Enter'), ' sends · ', h('kbd', {}, 'Shift'), ' ', h('kbd', {}, 'Enter'), ' new line'));
  }

  // arrive is called when the place or the person changes: each has a draft of its own.
  arrive(placeholder) {
    const { channel, thread } = this.#place();
    const where = [state.me, channel, thread].join('/');
    if (where !== this.#where) {
      this.#drafts.set(this.#where, this.#field.value);
      this.#field.value = this.#drafts.get(where) ?? '';
      this.#where = where;
    }
    this.#field.placeholder = placeholder;
    this.#grow();
  }

  focus() {
    this.#field.focus();
  }

  // send posts what is in the field. If it cannot be posted, it stays there.
  async send() {
    const text = this.#field.value.trim();
    if (text === '') return;
    this.#field.value = '';
    this.#typed();
    this.#completion.close();
    const { channel, thread } = this.#place();
    try {
      sent(text);
      await act('say', { user: state.me, channel, thread, text });
    } catch (error) {
      trouble(error);
      if (this.#field.value === '') this.#field.value = text;
      this.#grow();
    }
  }

  #typed() {
    this.#grow();
    this.#completion.update();
  }

  #grow() {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, TALLEST)}px`;
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.#completion.key(event)) {
      event.preventDefault();
      this.#grow();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.send();
    }
  }
}

// shortcuts is the menu of the app's global shortcuts.
function shortcuts() {
  const box = h('span', { class: 'shortcuts' });
  const items = () => Object.entries(state.shortcuts).map(([id, name]) => ({ label: name, hint: state.app, choose: () => useShortcut(id) }));
  on('workspace', () => {
    const all = items();
    box.replaceChildren(...(all.length ? [menuButton({ label: 'Shortcuts', content: icon('bolt'), items: all, focus: 'shortcuts' })] : []));
  });
  return box;
}

async function useShortcut(id) {
  await act('shortcut', { user: state.me, name: id }).then((answer) => refused(state.app, answer), trouble);
}
