// The app's last calls of Slack's Web API, with their JSON.

import { h, reconcile } from './dom.js';
import { on } from './state.js';
import { read } from './api.js';
import { clock } from './time.js';

const WAIT = 300; // milliseconds: several calls at once are read once

// callsView is the part of the panel; it reads only while it is open.
export function callsView() {
  const list = h('div', { class: 'calls' });
  const node = h('details', { class: 'part', on: { toggle: () => refresh() } },
    h('summary', {}, h('h3', {}, 'Calls to Slack')), h('p', { class: 'faint' }, 'What the app asked Slack for, newest first. Tokens are left out.'), list);
  let waiting = 0;

  async function refresh() {
    if (!node.open) return;
    const calls = await read('calls').catch(() => null);
    if (calls) draw(list, calls);
  }
  on('calls', () => {
    if (!node.open || waiting) return;
    waiting = setTimeout(() => {
      waiting = 0;
      refresh();
    }, WAIT);
  });
  return node;
}

function draw(list, calls) {
  const seen = new Map();
  const items = calls.map((call) => {
    const same = `${call.at} ${call.method}`;
    seen.set(same, (seen.get(same) ?? 0) + 1);
    return { key: `${same} ${seen.get(same)}`, version: '1', draw: () => one(call) };
  });
  reconcile(list, items, (item) => item.draw());
}

function one(call) {
  return h('details', { class: 'call' },
    h('summary', {},
      h('span', { class: call.error ? 'dot bad' : 'dot well' }), h('code', {}, call.method),
      h('span', { class: 'faint' }, call.error || `${call.ms < 10 ? call.ms.toFixed(1) : Math.round(call.ms)} ms`), h('time', { class: 'faint' }, clock(new Date(call.at)))),
    h('h4', {}, 'Request'), h('pre', { tabindex: 0 }, JSON.stringify(readable(call.args), null, 2)),
    h('h4', {}, call.status === 200 ? 'Response' : `Response, HTTP ${call.status}`), h('pre', { tabindex: 0 }, JSON.stringify(call.response, null, 2)));
}

// readable shows arguments that are JSON text as JSON.
function readable(args) {
  return Object.fromEntries(Object.entries(args ?? {}).map(([name, value]) => {
    if (!/^[[{]/.test(value)) return [name, value];
    try {
      return [name, JSON.parse(value)];
    } catch {
      return [name, value];
    }
  }));
}
