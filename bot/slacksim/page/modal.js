// Modals: the one on top of the person's stack.

import { h, fill, icon } from './dom.js';
import { blocks } from './blocks.js';
import { Form } from './form.js';
import { state, on } from './state.js';
import { act } from './api.js';
import { refused, trouble } from './notice.js';
import { words } from './text.js';

const forms = new Map(); // by view id

// modalView opens and closes the dialog as the app's modals come and go.
export function modalView() {
  const dialog = document.getElementById('modal');
  let shown = '';
  function draw() {
    const view = state.modals.at(-1);
    if (!view) {
      shown = '';
      if (dialog.open) dialog.close();
      return;
    }
    const version = `${view.id} ${view.version}`;
    if (version === shown && dialog.open) return;
    const same = shown.startsWith(`${view.id} `);
    shown = version;
    const key = document.activeElement?.closest('#modal [data-focus]')?.dataset.focus;
    fill(dialog, form(view));
    dialog.setAttribute('aria-label', words(view.title));
    if (!dialog.open) dialog.showModal();
    focus(dialog, same ? key : '');
  }
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    close(state.modals.at(-1));
  });
  on('workspace views', draw);
}

function focus(dialog, key) {
  const again = key && dialog.querySelector(`[data-focus="${CSS.escape(key)}"]`);
  const first = dialog.querySelector('[autofocus]') ?? dialog.querySelector('.modal-body :is(input, textarea, select, button)');
  (again || first || dialog.querySelector('.modal-foot button'))?.focus();
}

function form(view) {
  if (!forms.has(view.id)) forms.set(view.id, new Form());
  const chosen = forms.get(view.id);
  const context = { id: view.id, state: chosen, act: (element, block, picked) => click(view, element, block, picked) };
  const leave = () => close(view);
  const back = state.modals.length > 1;
  return h('form', { class: 'modal-form', novalidate: true, on: { submit: (event) => submit(event, view, chosen) } },
    h('header', { class: 'modal-head' },
      back ? h('button', { type: 'button', class: 'quiet', 'aria-label': 'Back', on: { click: leave } }, icon('back')) : null,
      h('h2', {}, words(view.title)),
      h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', on: { click: leave } }, icon('close'))),
    h('div', { class: 'modal-body' }, h('p', { class: 'wrong-summary unseen', role: 'alert' }), blocks(view.blocks, context)),
    h('footer', { class: 'modal-foot' },
      h('button', { type: 'button', class: 'button', on: { click: leave } }, words(view.close) || 'Close'),
      view.submit ? h('button', { type: 'submit', class: 'button primary', 'data-focus': 'submit' }, words(view.submit)) : null));
}

async function click(view, element, block, picked) {
  const body = { user: state.me, view: view.id, action: element.action_id, block: block.block_id, picked };
  await act('click', body).then((answer) => refused(state.app, answer), trouble);
}

async function close(view) {
  if (view) await act('close', { user: state.me, view: view.id }).catch(trouble);
}

async function submit(event, view, chosen) {
  event.preventDefault();
  const node = event.currentTarget;
  const button = node.querySelector('[type=submit]');
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    const answer = await act('submit', { user: state.me, view: view.id, values: chosen.values(view.blocks) });
    if (!showErrors(node, answer.field_errors ?? {})) refused(state.app, answer);
  } catch (error) {
    trouble(error);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

// showErrors puts what is wrong at the fields, and the focus on the first of them.
function showErrors(node, errors) {
  let first = null;
  for (const block of node.querySelectorAll('.block-input')) {
    const text = errors[block.dataset.block] ?? '';
    const place = block.querySelector('.wrong');
    const control = block.querySelector('input, textarea, select');
    place.textContent = text;
    place.hidden = !text;
    block.classList.toggle('has-error', Boolean(text));
    if (text) control?.setAttribute('aria-invalid', 'true');
    else control?.removeAttribute('aria-invalid');
    if (text) first ??= control;
  }
  const count = Object.keys(errors).length;
  node.querySelector('.wrong-summary').textContent = count ? `${count} ${count > 1 ? 'fields need' : 'field needs'} another look.` : '';
  first?.focus();
  return count > 0;
}
