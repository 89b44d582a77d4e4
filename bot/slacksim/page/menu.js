// A button with a menu: arrow keys move, Escape closes, a click elsewhere too.

import { h } from './dom.js';

// menuButton makes the button. Items have a label, perhaps a hint, and choose().
export function menuButton({ label, content, items, focus, className = 'quiet' }) {
  const list = h('ul', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true }, items.map((item) => h('li', { role: 'none' },
    h('button', { type: 'button', role: 'menuitem', tabindex: -1, on: { click: () => choose(item) } },
      item.label, item.hint ? h('span', { class: 'faint' }, item.hint) : null))));
  const button = h('button', {
    type: 'button', class: className, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': label, title: label, 'data-focus': focus,
    on: { click: () => (list.hidden ? open() : close()) },
  }, content);
  const node = h('div', { class: 'menu-box', on: { keydown: (event) => key(event), focusout: (event) => left(event) } }, button, list);

  function open() {
    list.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    list.querySelector('[role=menuitem]')?.focus();
  }
  function close() {
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
  }
  function choose(item) {
    close();
    button.focus();
    item.choose();
  }
  function left(event) {
    if (!node.contains(event.relatedTarget)) close();
  }
  function key(event) {
    if (list.hidden) return;
    const all = [...list.querySelectorAll('[role=menuitem]')];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Escape') {
      close();
      button.focus();
    } else if (to !== undefined) {
      all.at(to % all.length).focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
  return node;
}
