// What a person may want to type: slash commands, whole commands to try, and names after @.

import { h, fill } from './dom.js';
import { state, isBot } from './state.js';

const MOST = 8;

export class Completion {
  #field;
  #slash;
  #items = [];
  #active = -1;

  // slash() says whether commands can be used here: they cannot in threads.
  constructor(field, id, slash) {
    this.#field = field;
    this.#slash = slash;
    this.list = h('ul', { id, class: 'completion', role: 'listbox', 'aria-label': 'Suggestions', hidden: true });
  }

  // update offers what fits what stands before the caret.
  update() {
    const { value, selectionStart } = this.#field;
    const { items, sure } = this.#fitting(value.slice(0, selectionStart));
    this.#items = items.slice(0, MOST);
    this.#active = sure && this.#items.length ? 0 : -1;
    this.#draw();
  }

  close() {
    this.#items = [];
    this.#draw();
  }

  // key handles a key if the list is open and has a use for it.
  key(event) {
    if (this.list.hidden) return false;
    const count = this.#items.length;
    switch (event.key) {
      case 'ArrowDown': this.#active = (this.#active + 1) % count; break;
      case 'ArrowUp': this.#active = (this.#active <= 0 ? count : this.#active) - 1; break;
      case 'Escape': this.close(); return true;
      case 'Enter': if (event.shiftKey || this.#active < 0) return false; this.#accept(this.#active); return true;
      case 'Tab': if (event.shiftKey) return false; this.#accept(Math.max(0, this.#active)); return true;
      default: return false;
    }
    this.#draw();
    return true;
  }

  // fitting returns the items; sure: Enter takes the first one.
  #fitting(before) {
    if (before.startsWith('/') && this.#slash()) {
      if (!before.includes(' ')) return { items: [...commands(before), ...examples(before)], sure: true };
      return { items: examples(before), sure: false };
    }
    const at = /(?:^|\s)@([\w.-]*)$/.exec(before);
    if (at) return { items: names(at[1]), sure: true };
    return { items: [], sure: false };
  }

  #accept(index) {
    const item = this.#items[index];
    const caret = this.#field.selectionStart;
    const from = caret - item.typed.length;
    this.#field.setRangeText(item.insert, from, caret, 'end');
    this.close();
    this.#field.focus();
    this.#field.dispatchEvent(new Event('input'));
  }

  #draw() {
    const open = this.#items.length > 0;
    this.list.hidden = !open;
    this.#field.setAttribute('aria-expanded', String(open));
    fill(this.list, this.#items.map((item, index) => h('li', {
      id: `${this.list.id}-${index}`, role: 'option', 'aria-selected': String(index === this.#active),
      on: { pointerdown: (event) => { event.preventDefault(); this.#accept(index); } },
    }, h('span', { class: 'completion-what' }, item.label), h('span', { class: 'faint' }, item.hint))));
    if (this.#active >= 0) this.#field.setAttribute('aria-activedescendant', `${this.list.id}-${this.#active}`);
    else this.#field.removeAttribute('aria-activedescendant');
  }
}

function commands(typed) {
  return state.slash.filter((c) => c.command.startsWith(typed)).map((c) => ({
    typed, insert: `${c.command} `, label: `${c.command} ${c.hint}`, hint: c.description,
  }));
}

function examples(typed) {
  const all = [...(state.aside?.steps ?? []), ...(state.aside?.more ?? [])].filter((step) => step.command?.startsWith(typed) && step.command !== typed);
  const unique = new Map(all.map((step) => [step.command, step]));
  return [...unique.values()].map((step) => ({ typed, insert: step.command, label: step.command, hint: step.title }));
}

function names(typed) {
  const users = [...state.users.values()].filter((user) => !user.deleted && user.name.toLowerCase().startsWith(typed.toLowerCase()));
  return users.map((user) => ({ typed, insert: `${user.name} `, label: `@${user.name}`, hint: isBot(user.id) ? 'app' : user.real_name }));
}
