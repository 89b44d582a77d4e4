// Short notes at the edge of the page, for what has no place of its own.

import { h } from './dom.js';

const LIFE = 8000; // milliseconds

// notice shows a line for a while.
export function notice(text, kind = 'info') {
  for (const same of document.querySelectorAll('.notice.info')) same.remove(); // one is enough
  const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss', on: { click: () => note.remove() } }, '×');
  const note = h('div', { class: `notice ${kind}` }, h('span', {}, text), close);
  document.getElementById('notices').append(note);
  setTimeout(() => note.remove(), LIFE);
}

// trouble shows why something could not be done.
export function trouble(error) {
  notice(error instanceof Error ? error.message : String(error), 'bad');
}

const SLACK_SAYS = {
  operation_timeout: 'did not answer within three seconds',
  dispatch_failed: 'is not connected',
};

// refused shows what Slack says when an app does not answer a click.
export function refused(app, answer) {
  if (!answer.error) return false;
  const why = SLACK_SAYS[answer.error] ?? 'answered with something that Slack refuses';
  notice(`${app} ${why} (${[answer.error, ...(answer.problems ?? [])].join(': ')}).`, 'bad');
  return true;
}

// announce reads a text out to screen readers.
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}
