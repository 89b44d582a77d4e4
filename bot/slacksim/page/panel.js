// The side panel: first steps, the machines, more to try, and the app's calls.

import { h, fill, icon } from './dom.js';
import { state, on } from './state.js';
import { show } from './places.js';
import { steps, more } from './steps.js';
import { fleet } from './fleet.js';
import { callsView } from './calls.js';

// panelView runs the panel; without an Aside there is none.
export function panelView() {
  const node = document.getElementById('panel');
  const first = h('div', {});
  const machines = h('div', {});
  const others = h('div', {});
  const calls = callsView();
  fill(node,
    h('header', { class: 'place' }, h('h2', {}, 'Behind the scenes'),
      h('button', { type: 'button', class: 'quiet close-panel', 'aria-label': 'Back to the chat', on: { click: () => show('chat') } }, icon('close'))),
    h('div', { class: 'panel-body' },
      part('First steps', first), part('The servers', machines), part('More to try', others), calls));

  const drawSteps = () => fill(first, steps());
  on('workspace', () => {
    node.hidden = !state.aside;
    document.body.classList.toggle('with-panel', Boolean(state.aside));
    if (!state.aside) return;
    drawSteps();
    fill(others, more());
    fleet(machines);
  });
  on('steps', drawSteps);
  on('machines', () => state.aside && fleet(machines));
}

function part(title, body) {
  return h('section', { class: 'part', 'aria-label': title }, h('h3', {}, title), body);
}
