// The first steps of a newcomer, and what else is worth a try.

import { h, icon, unseen } from './dom.js';
import { state, on, tell, nameOf, inOrder, repliesTo } from './state.js';
import { place, goTo, openThread, show } from './places.js';
import { act } from './api.js';
import { trouble, notice } from './notice.js';

const KEY = 'done';
let become = async () => {};

// stepsView ticks off what is done; change switches to another person.
export function stepsView(change) {
  become = change;
  on('thread', (what) => {
    if (what?.opened) tick((step) => step.thread);
  });
  on('machines', () => tick((step) => step.break && state.machines.some((m) => m.name === step.break && m.fault === step.fault)));
}

// sent notes that something was typed.
export function sent(text) {
  tick((step) => step.command && text.startsWith(step.command) && (!step.as || step.as === state.me));
}

function done() {
  return new Set(JSON.parse(sessionStorage.getItem(KEY) ?? '[]'));
}

function tick(fits) {
  const ticked = done();
  const before = ticked.size;
  for (const step of state.aside?.steps ?? []) if (fits(step)) ticked.add(step.title);
  if (ticked.size === before) return;
  sessionStorage.setItem(KEY, JSON.stringify([...ticked]));
  tell('steps');
}

// steps is the list of first steps.
export function steps() {
  const ticked = done();
  const next = state.aside.steps.find((step) => !ticked.has(step.title));
  return h('ol', { class: 'steps' }, state.aside.steps.map((step, index) => {
    const isDone = ticked.has(step.title);
    return h('li', { class: isDone ? 'done' : step === next ? 'next' : null },
      h('span', { class: 'number', 'aria-hidden': 'true' }, isDone ? icon('tick') : index + 1),
      h('div', {}, h('div', {}, step.title, isDone ? unseen(' (done)') : null), control(step)));
  }));
}

// more is the list of other things to try.
export function more() {
  return h('ul', { class: 'more' }, state.aside.more.map((step) => h('li', {}, control(step), h('span', { class: 'faint' }, step.title))));
}

// trySteps offers the first command where nothing has been said yet.
export function trySteps() {
  const first = state.aside?.steps.find((step) => step.command);
  return first ? h('p', {}, control(first)) : null;
}

// control is the button that does a step.
function control(step) {
  const button = (click, ...inside) => h('button', { type: 'button', class: 'try', 'data-focus': step.title, on: { click } }, inside);
  if (step.thread) return button(readThread, 'Open the thread');
  if (step.break) {
    const label = state.aside.faults.find((fault) => fault.name === step.fault)?.label ?? step.fault;
    return button(() => breakIt(step.break, step.fault), `Break ${step.break} (${label})`);
  }
  return button((event) => run(step).then(() => typeNext(event)), h('code', {}, step.command), step.as && step.as !== state.me && h('span', { class: 'as' }, `as ${nameOf(step.as)}`));
}

// run types a command for the person, in the first channel if this is no channel.
async function run(step) {
  try {
    if (step.as && step.as !== state.me) {
      await become(step.as);
      notice(`You are the ${nameOf(step.as)} now.`);
    }
    const here = state.channels.find((c) => c.id === place.channel && !c.dm) ?? state.channels.find((c) => !c.dm);
    goTo(here?.id ?? place.channel);
    sent(step.command);
    await act('say', { user: state.me, channel: place.channel, text: step.command });
  } catch (error) {
    trouble(error);
  }
}

// typeNext puts the focus where the next command is typed, after a click of the mouse: the keyboard stays where it is,
// and on a phone the field would cover the answer.
function typeNext(event) {
  if (event.pointerType === 'mouse') document.getElementById('composer').focus();
}

// breakIt makes a machine fail.
export async function breakIt(machine, fault) {
  await act('break', { name: machine, fault }).catch(trouble);
}

function readThread() {
  const last = inOrder(place.channel).filter((m) => repliesTo(m.channel, m.ts).length > 0).at(-1);
  if (last) openThread(last.ts);
  else {
    show('chat');
    notice('No message here has replies yet: run something first.');
  }
}
