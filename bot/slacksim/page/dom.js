// Making DOM nodes. Strings only ever become text nodes and attribute values:
// no module of this page parses a string as HTML.

const SVG = 'http://www.w3.org/2000/svg';
const SCHEMES = ['http:', 'https:', 'mailto:'];

// h makes an element. Attributes: `on` holds listeners, true stands alone, and
// false, null and undefined are left out. Children: nodes, text, arrays of them.
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// fill replaces what is inside a node. Focus in there stays on the same control.
export function fill(node, ...children) {
  const key = focusIn(node);
  node.replaceChildren(...flat(children));
  if (key) withFocusKey(node, key)?.focus();
  return node;
}

// focusIn is the data-focus of the control inside a node that has the focus.
function focusIn(node) {
  return node.contains(document.activeElement) ? document.activeElement.closest('[data-focus]')?.dataset.focus : undefined;
}

function withFocusKey(node, key) {
  return node.querySelector(`[data-focus="${CSS.escape(key)}"]`);
}

// icon is a picture from icons.svg that says nothing to screen readers.
export function icon(name, className = 'icon') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `/page/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

// safeURL returns the address if a link may lead there, else null.
export function safeURL(text) {
  try {
    const url = new URL(text);
    return SCHEMES.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

// link leads out of the page. If it must not lead there, it is only text: what it says and where it would go.
export function link(address, ...children) {
  const href = safeURL(address);
  if (!href) return h('span', {}, children.length ? [children, ` (${address})`] : address);
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, children.length ? children : address);
}

// unseen is text for screen readers only.
export function unseen(text) {
  return h('span', { class: 'unseen' }, text);
}

// reconcile makes the children of a list those of items, in their order, and
// draws only what is new or has another version. Focus inside a node that is
// drawn again stays on the same control.
export function reconcile(list, items, draw) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let before = list.firstElementChild;
  for (const item of items) {
    let node = old.get(item.key);
    if (!node || node.dataset.version !== item.version) {
      const fresh = draw(item, node);
      fresh.dataset.key = item.key;
      fresh.dataset.version = item.version;
      if (node) {
        if (before === node) before = fresh;
        replaceKeepingFocus(node, fresh);
      }
      node = fresh;
    }
    old.delete(item.key);
    if (node === before) before = before.nextElementSibling;
    else list.insertBefore(node, before);
  }
  for (const node of old.values()) node.remove();
}

// replaceKeepingFocus swaps a node; the focus moves to the control with the
// same data-focus, or to the new node if that control is gone.
export function replaceKeepingFocus(old, fresh) {
  const focused = old.contains(document.activeElement);
  const key = focusIn(old);
  old.replaceWith(fresh);
  if (focused) ((key && withFocusKey(fresh, key)) ?? fresh).focus();
}
