// rich_text blocks: what people type in Slack's editor, and what apps quote.

import { h, link } from './dom.js';
import { emoji } from './emoji.js';
import { mention, channelLink } from './mention.js';
import { formatted } from './time.js';
import { unknown } from './unknown.js';

const TAGS = { bold: 'strong', italic: 'em', strike: 's', underline: 'u', highlight: 'mark', code: 'code' };

// richText renders the elements of a rich_text block.
export function richText(block) {
  return h('div', { class: 'rich' }, (block.elements ?? []).map(part));
}

function part(element) {
  switch (element.type) {
    case 'rich_text_section': return h('div', { class: 'rich-section' }, element.elements.map(piece));
    case 'rich_text_preformatted': return h('pre', {}, element.elements.map(piece));
    case 'rich_text_quote': return h('blockquote', {}, element.elements.map(piece));
    case 'rich_text_list': return list(element);
    default: return unknown(element);
  }
}

function list(element) {
  const ordered = element.style === 'ordered';
  const items = element.elements.map((item) => h('li', {}, part(item)));
  const start = ordered && element.offset ? element.offset + 1 : null;
  return h(ordered ? 'ol' : 'ul', { start, class: `indent-${Math.min(element.indent ?? 0, 8)}` }, items);
}

const PIECES = {
  text: (e) => e.text,
  link: (e) => link(e.url, e.text || e.url),
  user: (e) => mention(e.user_id),
  usergroup: (e) => h('span', { class: 'mention' }, `@${e.usergroup_id}`),
  channel: (e) => channelLink(e.channel_id),
  team: (e) => h('span', { class: 'mention' }, `@${e.team_id}`),
  emoji: (e) => emoji(e.name, unicode(e.unicode)),
  broadcast: (e) => h('span', { class: 'mention' }, `@${e.range}`),
  date: (e) => formatted(e.timestamp, e.format) ?? e.fallback ?? '',
  color: (e) => h('code', {}, e.value),
};

function piece(element) {
  const draw = PIECES[element.type];
  if (!draw) return unknown(element);
  let node = draw(element);
  for (const [style, tag] of Object.entries(TAGS)) {
    if (element.style?.[style]) node = h(tag, {}, node);
  }
  return node;
}

// unicode turns "1f44d" or "1f1e9-1f1ea" into the characters.
function unicode(codes) {
  if (!/^[0-9a-f]{2,6}(-[0-9a-f]{2,6})*$/i.test(codes ?? '')) return undefined;
  const points = codes.split('-').map((code) => Number.parseInt(code, 16));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : undefined;
}
