// Slack's mrkdwn as DOM nodes: *bold*, _italic_, ~struck~, `code`, ```blocks```,
// > quotes, <links>, mentions, dates and emoji names.

import { h, link, safeURL } from './dom.js';
import { emoji, character, withEmoji } from './emoji.js';
import { mention, channelLink } from './mention.js';
import { formatted } from './time.js';

const INLINE = new RegExp([
  '<(?<token>[^<>\\n]+)>',
  '`(?<code>[^`\\n]+)`',
  '(?<mark>[*_~])(?=\\S)(?<inside>[^\\n]*?\\S)\\k<mark>',
  ":(?<emoji>[a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?",
  '(?<url>https?://[^\\s<>|]+[^\\s<>|.,;:!?)\'"*_~`])',
].join('|'), 'g');

const TAGS = { '*': 'strong', _: 'em', '~': 's' };

// mrkdwn renders a text. With verbatim, addresses that are not in <> stay text.
export function mrkdwn(text, { verbatim = false } = {}) {
  const out = h('div', { class: 'mrkdwn' });
  let rest = 0;
  for (const fence of text.matchAll(/```([\s\S]+?)```/g)) {
    out.append(...paragraphs(text.slice(rest, fence.index), verbatim), h('pre', {}, plain(fence[1].replace(/^\n|\n$/g, ''))));
    rest = fence.index + fence[0].length;
  }
  out.append(...paragraphs(text.slice(rest), verbatim));
  return out;
}

// paragraphs groups lines into quotes, bullets and text.
function paragraphs(text, verbatim) {
  if (text.trim() === '') return [];
  const out = [];
  let quote = null;
  for (const line of text.replace(/^\n|\n$/g, '').split('\n')) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (!quoted) {
      quote = null;
      out.push(paragraph(line, verbatim));
      continue;
    }
    if (!quote) out.push(quote = h('blockquote'));
    quote.append(h('div', {}, inline(quoted[1], verbatim)));
  }
  return out;
}

function paragraph(line, verbatim) {
  if (line.trim() === '') return h('div', { class: 'gap' });
  const bullet = /^\s*([•◦▪]) +(.*)$/.exec(line);
  if (!bullet) return h('div', {}, inline(line, verbatim));
  return h('div', { class: 'bullet' }, h('span', {}, bullet[1]), h('span', {}, inline(bullet[2], verbatim)));
}

// inline renders one line.
export function inline(text, verbatim = false) {
  const nodes = [];
  const pattern = new RegExp(INLINE); // its own lastIndex, as this recurses
  let rest = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const node = one(match, text, verbatim);
    if (!node) {
      pattern.lastIndex = match.index + 1;
      continue;
    }
    nodes.push(unescaped(text.slice(rest, match.index)), node);
    rest = pattern.lastIndex;
  }
  nodes.push(unescaped(text.slice(rest)));
  return nodes.flat().filter((node) => node !== '');
}

// one is the node of a match, or null if it is only text after all.
function one(match, text, verbatim) {
  const { token, code, mark, inside, emoji: name, url } = match.groups;
  if (token !== undefined) return reference(token);
  if (code !== undefined) return h('code', {}, plain(code));
  if (name !== undefined) return character(name) ? emoji(name) : null;
  if (url !== undefined) return verbatim ? null : link(unescaped(url));
  const before = text[match.index - 1] ?? ' ';
  const after = text[match.index + match[0].length] ?? ' ';
  if (isWord(before) || isWord(after)) return null;
  return h(TAGS[mark], {}, inline(inside, verbatim));
}

function isWord(c) {
  return /[\p{L}\p{N}]/u.test(c);
}

// reference is what stands between < and >.
function reference(token) {
  const cut = token.indexOf('|');
  const target = cut < 0 ? token : token.slice(0, cut);
  const label = cut < 0 ? '' : token.slice(cut + 1);
  if (target.startsWith('@')) return mention(target.slice(1), unescaped(label));
  if (target.startsWith('#')) return channelLink(target.slice(1), unescaped(label));
  if (target.startsWith('!')) return special(target.slice(1), unescaped(label));
  const address = unescaped(target);
  if (!safeURL(address)) return document.createTextNode(unescaped(`<${token}>`));
  return link(address, label ? withEmoji(unescaped(label)) : address.replace(/^mailto:/, ''));
}

// special is <!here>, <!subteam^…> and <!date^…>.
function special(command, label) {
  const [kind, ...args] = command.split('^');
  if (kind === 'date') return date(args, label);
  if (kind === 'subteam') return h('span', { class: 'mention' }, label || `@${args[0]}`);
  if (['here', 'channel', 'everyone'].includes(kind)) return h('span', { class: 'mention' }, `@${kind}`);
  return document.createTextNode(label || `<!${command}>`);
}

function date([seconds, format = '', address], label) {
  const shown = formatted(seconds, format);
  if (shown === undefined) return document.createTextNode(label);
  return h('time', { title: label }, address ? link(unescaped(address), shown) : shown);
}

// plain is text in which nothing but references is special: code.
function plain(text) {
  return unescaped(text.replace(/<([^<>\n]+)>/g, (whole, token) => {
    const [target, label] = token.split('|');
    if (/^[@#!]/.test(target)) return label || target;
    return safeURL(unescaped(target)) ? label || target : whole;
  }));
}

// unescaped undoes Slack's three escapes, and nothing else.
export function unescaped(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
