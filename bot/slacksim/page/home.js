// The app's Home tab.

import { h, icon, replaceKeepingFocus } from './dom.js';
import { blocks } from './blocks.js';
import { Form } from './form.js';
import { state, on } from './state.js';
import { place } from './places.js';
import { act } from './api.js';
import { refused, trouble } from './notice.js';

// homeView shows what the app has published, or says that it has nothing.
export function homeView() {
  const node = document.getElementById('home');
  let form = new Form();
  let shown = '';
  let body = node.appendChild(h('div'));

  function draw() {
    node.hidden = place.tab !== 'home';
    const id = `${state.me}/${state.home?.id}`;
    if (id !== shown) form = new Form();
    shown = id;
    const fresh = state.home ? h('div', { class: 'home-body', tabindex: -1 }, blocks(state.home.blocks, { id: state.home.id, state: form, act: click })) : empty();
    replaceKeepingFocus(body, fresh);
    body = fresh;
  }
  on('workspace home place', draw);
}

function empty() {
  return h('div', { class: 'intro home-body', tabindex: -1 }, icon('home', 'intro-icon'), h('h2', {}, `${state.app} shows nothing here`),
    h('p', {}, `An app fills its Home for each person by itself. ${state.app} was told that you opened it, and has not published anything.`));
}

async function click(element, block, picked) {
  const body = { user: state.me, view: state.home.id, action: element.action_id, block: block.block_id, picked };
  await act('click', body).then((answer) => refused(state.app, answer), trouble);
}
