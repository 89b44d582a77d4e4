// Block elements that a person can use.
//
// The context has: id (of the view or message), block, state (a Form that
// remembers what was chosen), act(element, block, picked), and inside input
// blocks: input, name, described, required, dispatch.

import { h, safeURL } from './dom.js';
import { label, words } from './text.js';
import { confirmed } from './confirm.js';
import { menuButton } from './menu.js';
import { select, manyOf, oneOf, optionsOf, peopleOptions, channelOptions } from './choices.js';
import { field } from './fields.js';
import { picture } from './files.js';
import { unknown } from './unknown.js';

const DRAW = {
  button,
  overflow,
  image: (e) => picture(e, 'thumb'),
  static_select: (e, c) => select(e, c, optionsOf(e)),
  users_select: (e, c) => select(e, c, peopleOptions()),
  channels_select: (e, c) => select(e, c, channelOptions(true)),
  conversations_select: (e, c) => select(e, c, channelOptions(false)),
  multi_static_select: (e, c) => manyOf(e, c, optionsOf(e)),
  multi_users_select: (e, c) => manyOf(e, c, peopleOptions()),
  multi_channels_select: (e, c) => manyOf(e, c, channelOptions(true)),
  multi_conversations_select: (e, c) => manyOf(e, c, channelOptions(false)),
  checkboxes: (e, c) => manyOf(e, c, optionsOf(e)),
  radio_buttons: (e, c) => oneOf(e, c, optionsOf(e)),
  plain_text_input: (e, c) => field(e, c, e.multiline ? 'textarea' : 'text'),
  number_input: (e, c) => field(e, c, 'text', e.is_decimal_allowed ? 'decimal' : 'numeric'),
  email_text_input: (e, c) => field(e, c, 'email'),
  url_text_input: (e, c) => field(e, c, 'url'),
  datepicker: (e, c) => field(e, c, 'date'),
  timepicker: (e, c) => field(e, c, 'time'),
};

// MOMENTARY elements hold nothing: using them is all.
const MOMENTARY = new Set(['button', 'overflow']);

// element renders one element of a block.
export function element(e, context) {
  const draw = DRAW[e.type];
  if (!draw) return unknown(e);
  return draw(e, { ...context, key: `${context.block.block_id}/${e.action_id}`, use: (picked) => use(e, context, picked) });
}

// use sends what was chosen, after asking if the element wants that. It returns false if the person went back.
async function use(e, context, picked) {
  if (!MOMENTARY.has(e.type)) context.state.remember(context.block.block_id, e.action_id, picked);
  if (context.input && !context.dispatch) return true;
  if (e.confirm && !await confirmed(e.confirm)) return false;
  await context.act(e, context.block, picked);
  return true;
}

function button(e, context) {
  const attributes = {
    class: `button ${e.style ?? ''}`, 'data-focus': context.key, 'data-action': e.action_id, 'aria-label': e.accessibility_label,
  };
  const href = e.url && safeURL(e.url);
  if (href) {
    const on = { click: () => context.use([]) };
    return h('a', { ...attributes, href, target: '_blank', rel: 'noopener noreferrer', on }, label(e.text));
  }
  return h('button', { ...attributes, type: 'button', on: { click: (event) => press(event.currentTarget, context) } }, label(e.text));
}

async function press(node, context) {
  if (node.getAttribute('aria-busy') === 'true') return;
  node.setAttribute('aria-busy', 'true');
  try {
    await context.use([]);
  } finally {
    node.removeAttribute('aria-busy');
  }
}

function overflow(e, context) {
  const items = e.options.map((option) => ({
    label: words(option.text), hint: words(option.description), choose: () => context.use([option.value]),
  }));
  return menuButton({ label: 'More actions', content: '⋯', items, focus: context.key, className: 'button overflow' });
}
