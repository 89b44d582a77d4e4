// Pictures and files. The page asks nobody else for anything, so a picture that
// is elsewhere is named and linked instead of loaded.

import { h, icon, link } from './dom.js';
import { label } from './text.js';

const PREVIEW = 8; // lines
const LARGEST = 512 * 1024; // bytes that are read for a preview

// picture is an image block or element.
export function picture(image, className = '') {
  const file = image.slack_file?.id;
  if (file) return h('img', { class: `picture ${className}`, src: address(file, 'image'), alt: image.alt_text, loading: 'lazy' });
  return h('span', { class: 'picture-elsewhere', title: image.image_url },
    icon('image'), link(image.image_url ?? '', image.alt_text), className === 'small' ? null : h('span', { class: 'faint' }, ' (a picture elsewhere, not loaded)'));
}

function address(id, name) {
  return `/page/files/${encodeURIComponent(id)}/${encodeURIComponent(name)}`;
}

const PICTURES = /\.(png|jpe?g|gif|webp)$/i;

// fileCard shows a file in a message: pictures and the beginning of text at once.
export function fileCard(file) {
  const href = address(file.id, file.name);
  const name = h('a', { class: 'file-name', href, target: '_blank', rel: 'noopener noreferrer' }, file.title || file.name);
  const card = h('div', { class: 'file' }, h('div', { class: 'file-head' }, icon('file'), name, h('span', { class: 'faint' }, size(file.size))));
  if (PICTURES.test(file.name)) card.append(h('img', { class: 'picture', src: href, alt: file.title || file.name, loading: 'lazy' }));
  else if (file.size <= LARGEST) preview(card, href);
  return card;
}

// preview adds the first lines of a text file, and a button for the rest.
async function preview(card, href) {
  const response = await fetch(href).catch(() => null);
  if (!response?.ok || !response.headers.get('Content-Type')?.startsWith('text/plain')) return;
  const lines = (await response.text()).replace(/\n$/, '').split('\n');
  const shown = h('pre', {}, lines.slice(0, PREVIEW).join('\n'));
  card.append(shown);
  if (lines.length <= PREVIEW) return;
  const more = h('button', { type: 'button', class: 'quiet', on: { click: () => {
    shown.textContent = lines.join('\n');
    more.remove();
  } } }, `Show all ${lines.length} lines`);
  card.append(more);
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

// attachment is a message's attachment: its text or its blocks, with a bar in its colour.
export function attachment(a, drawBlocks) {
  const colour = /^#?[0-9a-f]{6}$/i.test(a.color ?? '') ? `#${a.color.replace('#', '')}` : null;
  const node = h('div', { class: 'attachment' }, a.blocks ? drawBlocks(a.blocks) : [
    a.title && h('strong', {}, a.title), label({ type: 'mrkdwn', text: a.text ?? a.fallback ?? '' })]);
  if (colour) node.style.borderInlineStartColor = colour;
  return node;
}
