// Elements with options: menus, checkboxes and radio buttons.

import { h } from './dom.js';
import { label, words } from './text.js';
import { state, isBot, nameOf } from './state.js';
import { titleOf } from './places.js';

// optionsOf are an element's options, each with the label of its group.
export function optionsOf(e) {
  if (e.options) return e.options.map((option) => ({ ...option, group: '' }));
  return (e.option_groups ?? []).flatMap((group) => group.options.map((option) => ({ ...option, group: words(group.label) })));
}

function plainOption(value, text) {
  return { value, text: { type: 'plain_text', text, emoji: false }, group: '' };
}

// peopleOptions and channelOptions are what menus of people and channels offer.
export function peopleOptions() {
  return [...state.users.values()].filter((user) => !user.deleted).map((user) => plainOption(user.id, nameOf(user.id) + (isBot(user.id) ? ' (app)' : '')));
}

export function channelOptions(onlyChannels) {
  return state.channels.filter((c) => !onlyChannels || !c.dm).map((c) => plainOption(c.id, c.dm ? titleOf(c) : `#${c.name}`));
}

// select is a menu for one choice.
export function select(e, context, options) {
  const chosen = context.state.chosen(context.block.block_id, e)[0] ?? '';
  const node = h('select', {
    id: context.input ? context.id : null, class: 'select', 'data-focus': context.key, 'data-action': e.action_id, 'aria-describedby': context.described,
    'aria-label': context.input ? null : words(e.placeholder) || 'Choose', autofocus: e.focus_on_load,
    on: { change: () => changed() },
  }, h('option', { value: '' }, words(e.placeholder) || 'Choose…'), grouped(options));
  node.value = chosen;
  let before = chosen;
  async function changed() {
    if (await context.use([node.value])) before = node.value;
    else node.value = before;
  }
  return node;
}

function grouped(options) {
  const groups = Map.groupBy ? Map.groupBy(options, (option) => option.group) : new Map([['', options]]);
  return [...groups].map(([name, list]) => {
    const items = list.map((option) => h('option', { value: option.value }, words(option.text)));
    return name ? h('optgroup', { label: name }, items) : items;
  });
}

// manyOf is a list of checkboxes; multi selects too, as they are easier to use so.
export function manyOf(e, context, options) {
  const node = box(e, context, options, 'checkbox', () => {
    const picked = [...node.querySelectorAll('input:checked')].map((input) => input.value);
    return context.use(picked.length ? picked : ['']);
  });
  return node;
}

// oneOf is a list of radio buttons.
export function oneOf(e, context, options) {
  return box(e, context, options, 'radio', (value) => context.use([value]));
}

function box(e, context, options, type, change) {
  const chosen = context.state.chosen(context.block.block_id, e);
  const items = options.map((option) => {
    const input = h('input', {
      type, name: `${context.id}-${context.key}`, value: option.value, checked: chosen.includes(option.value),
      'data-focus': `${context.key}/${option.value}`, on: { change: () => change(option.value) },
    });
    const description = option.description && h('span', { class: 'faint' }, label(option.description));
    return h('label', { class: 'choice' }, input, h('span', {}, label(option.text), description));
  });
  const name = context.name || words(e.placeholder) || 'Choose';
  return h('fieldset', { class: 'choices', 'data-action': e.action_id, 'aria-describedby': context.described },
    h('legend', { class: 'unseen' }, name), items);
}
