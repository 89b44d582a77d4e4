// The one stream of events. When it breaks it comes back by itself; if something
// was missed meanwhile, the workspace is read again.

import { read } from './api.js';
import { state, load, apply, setMachines, setOnline } from './state.js';

const KINDS = ['message', 'changed', 'deleted', 'ephemeral', 'view', 'home', 'call', 'connected', 'disconnected'];

let source = null;
let reading = null; // the read that is under way

// follow shows the workspace as a person and follows it from then on. onState
// hears whether all that happens is being shown.
export async function follow(user, onState) {
  source?.close();
  source = null;
  await reread(user);
  const mine = new EventSource(`/page/events?user=${encodeURIComponent(state.me)}`);
  source = mine;
  mine.addEventListener('error', () => {
    onState(false);
    if (mine.readyState === EventSource.CLOSED) retry(mine, onState);
  });
  mine.addEventListener('hello', (e) => {
    const { seq, online } = JSON.parse(e.data);
    setOnline(online);
    const known = seq === state.seq ? Promise.resolve() : reread(state.me);
    known.then(() => onState(true), () => {});
  });
  mine.addEventListener('machines', (e) => setMachines(JSON.parse(e.data)));
  for (const kind of KINDS) mine.addEventListener(kind, (e) => whenRead(() => apply(JSON.parse(e.data))));
  for (const kind of ['user', 'channel']) mine.addEventListener(kind, () => reread(state.me));
}

// retry is for an answer that makes browsers give up, such as 503 while Slack is away.
function retry(closed, onState) {
  setTimeout(() => {
    if (source === closed) follow(state.me, onState).catch(() => retry(closed, onState));
  }, 1000);
}

// reread takes the workspace in anew; events that come meanwhile wait for it.
function reread(user) {
  const mine = read('workspace', user ? { user } : {}).then((workspace) => {
    if (reading === mine) load(workspace);
  }).finally(() => {
    if (reading === mine) reading = null;
  });
  reading = mine;
  return mine;
}

function whenRead(then) {
  if (reading) reading.then(then, () => {});
  else then();
}
