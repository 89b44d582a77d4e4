// What stands at the beginning of a channel.

import { h, icon } from './dom.js';
import { state } from './state.js';
import { titleOf } from './places.js';
import { trySteps } from './steps.js';

// intro is an item for a timeline.
export function intro(channel) {
  return { key: 'intro', version: `${channel.id} ${state.me}`, draw: () => (channel.dm ? ofApp(channel) : ofChannel(channel)) };
}

function ofApp(channel) {
  return h('div', { class: 'intro' }, icon('mark', 'intro-icon bare'), h('h2', {}, titleOf(channel)),
    h('p', {}, `This is the beginning of your direct messages with ${titleOf(channel)}. What you write here it reads without a mention.`));
}

function ofChannel(channel) {
  const commands = state.slash.map((c) => h('code', {}, c.command));
  const how = commands.length ? h('p', {}, 'Type ', commands[0], ' below, or mention ', h('span', { class: 'mention' }, `@${state.app}`),
    '. To begin with:') : null;
  return h('div', { class: 'intro' }, icon(channel.private ? 'lock' : 'hash', 'intro-icon'), h('h2', {}, channel.name),
    h('p', {}, `This is the beginning of #${channel.name}.`), how, trySteps());
}
