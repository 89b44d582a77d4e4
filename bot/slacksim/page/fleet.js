// The machines behind the app: how each is, and what is wrong with it on purpose.

import { h, reconcile } from './dom.js';
import { state } from './state.js';
import { breakIt } from './steps.js';

// fleet draws the machines into a node.
export function fleet(node) {
  reconcile(node, state.machines.map((m) => ({ key: m.name, version: JSON.stringify(m), draw: () => machine(m) })), (item) => item.draw());
}

function machine(m) {
  const choose = h('select', {
    class: 'select small', 'aria-label': `What is wrong with ${m.name}`, 'data-focus': `fault-${m.name}`, 'data-machine': m.name,
    on: { change: () => breakIt(m.name, choose.value) },
  }, state.aside.faults.map((fault) => h('option', { value: fault.name, selected: fault.name === m.fault }, fault.label)));
  return h('div', { class: m.well ? 'machine' : 'machine unwell', tabindex: -1 },
    h('div', { class: 'machine-head' },
      h('span', { class: m.well ? 'dot well' : 'dot bad' }), h('span', { class: 'name' }, m.name),
      h('span', { class: 'state' }, m.state), choose),
    h('div', { class: 'faint' }, [...(m.notes ?? []), (m.tags ?? []).join(', ')].filter(Boolean).join(' · ')));
}
