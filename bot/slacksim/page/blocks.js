// Block Kit blocks as DOM nodes. `context` says where they stand and what their
// elements do; see elements.js.

import { h, fill } from './dom.js';
import { text, label, words } from './text.js';
import { element } from './elements.js';
import { richText } from './richtext.js';
import { picture } from './files.js';
import { table, plan, taskCard } from './progress.js';
import { unknown } from './unknown.js';

const DRAW = {
  section, header, context: contextBlock, divider: () => h('hr'), actions, input, image, table, plan,
  rich_text: richText,
  task_card: taskCard,
  markdown: (block) => h('div', { class: 'plain' }, block.text),
};

// blocks renders a list of blocks. One that breaks its own form is shown as JSON as well.
export function blocks(list, context) {
  return h('div', { class: 'blocks' }, list.map((block) => one(block, context)));
}

function one(block, context) {
  const draw = DRAW[block.type] ?? unknown;
  const node = h('div', { class: `block block-${block.type}`, 'data-block': block.block_id });
  try {
    return fill(node, draw(block, { ...context, block }));
  } catch (error) {
    console.debug('cannot draw a block', error);
    return fill(node, unknown(block));
  }
}

function section(block, context) {
  const body = [text(block.text)];
  if (block.fields) body.push(h('div', { class: 'fields' }, block.fields.map((field) => h('div', { class: 'field' }, text(field)))));
  const accessory = block.accessory && h('div', { class: 'accessory' }, element(block.accessory, context));
  return [h('div', { class: 'section-body' }, body), accessory];
}

function header(block) {
  return h(`h${Math.min((block.level ?? 1) + 2, 6)}`, {}, label(block.text));
}

function contextBlock(block) {
  return block.elements.map((e) => h('span', { class: 'context-element' }, e.type === 'image' ? picture(e, 'small') : text(e)));
}

function actions(block, context) {
  return block.elements.map((e) => element(e, context));
}

// input is a field with its label, its hint, and a place for what is wrong with it.
function input(block, context) {
  const id = `field-${context.id}-${block.block_id}`;
  const hint = block.hint && h('div', { class: 'hint', id: `${id}-hint` }, text(block.hint));
  const wrong = h('div', { class: 'wrong', id: `${id}-wrong`, hidden: true });
  const optional = block.optional ? h('span', { class: 'optional' }, ' (optional)') : null;
  const described = [hint && `${id}-hint`, `${id}-wrong`].filter(Boolean).join(' ');
  const control = element(block.element, {
    ...context, input: true, id, described, name: words(block.label), required: !block.optional, dispatch: block.dispatch_action,
  });
  const labelled = control.matches('input, textarea, select');
  const name = h(labelled ? 'label' : 'div', { class: 'label', for: labelled ? id : null }, label(block.label), optional);
  return [name, control, wrong, hint];
}

function image(block) {
  return h('figure', {}, block.title && h('figcaption', {}, label(block.title)), picture(block));
}
