// One message.

import { h, icon } from './dom.js';
import { blocks } from './blocks.js';
import { mrkdwn } from './mrkdwn.js';
import { fileCard, attachment } from './files.js';
import { Form } from './form.js';
import { state, nameOf, isBot, repliesTo } from './state.js';
import { openThread } from './places.js';
import { avatar } from './avatar.js';
import { act } from './api.js';
import { refused, trouble } from './notice.js';
import { tools, editor } from './edit.js';
import { clock, moment, ago } from './time.js';

const forms = new Map(); // by channel and ts

// message draws a message. `joined` leaves out the head, as the one before is of
// the same person; `inThread` leaves out the line that leads to the thread.
export function message(m, { joined = false, inThread = false, editing = false } = {}) {
  const mine = m.user === state.me;
  return h('article', {
    class: ['message', m.to && 'ephemeral', joined && 'joined', isBot(m.user) && 'of-app'].filter(Boolean).join(' '),
    'data-ts': m.ts, tabindex: -1, 'aria-label': `${nameOf(m.user)}, ${clock(moment(m.ts))}`,
  },
  m.to ? whisper(m) : null,
  joined ? h('time', { class: 'side-time' }, clock(moment(m.ts))) : avatar(m.user),
  h('div', { class: 'content' },
    joined ? null : head(m),
    editing ? editor(m) : body(m),
    m.edited_ts && !m.bot_id ? h('span', { class: 'faint edited' }, '(edited)') : null,
    (m.files ?? []).map(fileCard),
    inThread || m.to ? null : threadLine(m)),
  mine && !m.to && !editing ? tools(m) : null,
  inThread || m.to ? null : replyTool(m));
}

function whisper(m) {
  const after = m.slash ? [' · after ', h('code', {}, m.slash)] : null;
  return h('div', { class: 'whisper' }, icon('eye'), h('span', {}, 'Only visible to you', after));
}

function head(m) {
  return h('div', { class: 'head' },
    h('span', { class: 'author' }, nameOf(m.user)),
    isBot(m.user) ? h('span', { class: 'badge' }, 'app') : null,
    h('time', { class: 'faint', title: moment(m.ts).toLocaleString() }, clock(moment(m.ts))));
}

// body is what the message says. People's text is drawn from its markup; what
// their rich_text block repeats has not gone through Slack's own parser here.
function body(m) {
  const list = m.bot_id ? m.blocks ?? [] : [];
  const context = contextOf(m);
  const attachments = (m.attachments ?? []).map((a) => attachment(a, (inner) => blocks(inner, context)));
  return h('div', { class: 'body' }, list.length ? blocks(list, context) : m.text ? mrkdwn(m.text) : null, attachments);
}

function contextOf(m) {
  const key = `${m.channel}/${m.ts}`;
  if (!forms.has(key)) forms.set(key, new Form());
  return { id: m.ts, state: forms.get(key), act: (element, block, picked) => click(m, element, block, picked) };
}

async function click(m, element, block, picked) {
  const body = { user: state.me, channel: m.channel, ts: m.ts, action: element.action_id, block: block.block_id, picked };
  try {
    refused(state.app, await act('click', body));
  } catch (error) {
    trouble(error);
  }
}

function threadLine(m) {
  const replies = repliesTo(m.channel, m.ts).filter((reply) => !reply.to);
  if (replies.length === 0) return null;
  const authors = [...new Set(replies.map((reply) => reply.user))].slice(0, 4);
  const count = `${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}`;
  return h('button', { type: 'button', class: 'thread-line', 'data-focus': 'thread', on: { click: () => openThread(m.ts) } },
    h('span', { class: 'avatars' }, authors.map((user) => avatar(user, 'tiny'))),
    h('span', { class: 'count' }, count),
    h('span', { class: 'faint' }, `last reply ${ago(moment(replies.at(-1).ts))}`));
}

function replyTool(m) {
  return h('button', {
    type: 'button', class: 'quiet reply-tool', 'data-focus': 'reply', title: 'Reply in thread', 'aria-label': 'Reply in thread',
    on: { click: () => openThread(m.ts) },
  }, icon('reply'));
}
