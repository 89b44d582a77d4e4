// Elements that a person types into.

import { h } from './dom.js';
import { words } from './text.js';

// field is a text field of some type, a date or a time.
export function field(e, context, type, inputmode) {
  const area = type === 'textarea';
  const value = context.state.chosen(context.block.block_id, e)[0] ?? '';
  const picked = type === 'date' || type === 'time';
  const node = h(area ? 'textarea' : 'input', {
    type: area ? null : type, id: context.input ? context.id : null, class: 'field-input', rows: area ? 4 : null, inputmode,
    placeholder: picked ? null : words(e.placeholder) || null, 'aria-label': context.input ? null : words(e.placeholder) || e.action_id,
    'aria-describedby': context.described, 'aria-required': context.required ? 'true' : null, 'data-focus': context.key,
    'data-action': e.action_id, autocomplete: 'off', autofocus: e.focus_on_load,
    on: { input: () => remember(), change: () => settled(), keydown: (event) => entered(event) },
  });
  node.value = value;

  function remember() {
    context.state.remember(context.block.block_id, e.action_id, [node.value]);
    if (e.dispatch_action_config?.trigger_actions_on?.includes('on_character_entered')) context.use([node.value]);
  }
  function settled() {
    if (picked) context.use([node.value]);
  }
  function entered(event) {
    if (event.key !== 'Enter' || area || !context.dispatch) return;
    event.preventDefault();
    context.use([node.value]);
  }
  return node;
}
