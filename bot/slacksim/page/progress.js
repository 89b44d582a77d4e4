// Tables, and plans of tasks with their progress.

import { h, icon, link, unseen } from './dom.js';
import { richText } from './richtext.js';
import { unknown } from './unknown.js';

// table renders a table block. On a narrow window it scrolls by itself.
export function table(block) {
  const settings = block.column_settings ?? [];
  const rows = block.rows.map((row, index) => h('tr', {}, row.map((cell, column) => {
    const align = settings[column]?.align;
    return h(index === 0 ? 'th' : 'td', { class: align ? `align-${align}` : null, scope: index === 0 ? 'col' : null }, content(cell));
  })));
  return h('div', { class: 'table', tabindex: 0, role: 'group', 'aria-label': 'Table' }, h('table', {}, rows));
}

function content(cell) {
  if (cell.type === 'rich_text') return richText(cell);
  if (cell.type === 'raw_text' || cell.type === 'raw_number') return cell.text;
  return unknown(cell);
}

// plan renders a plan: its title and its tasks.
export function plan(block) {
  return [h('div', { class: 'plan-title' }, block.title), h('div', { class: 'tasks' }, (block.tasks ?? []).map(taskCard))];
}

const STATUS = { pending: 'white_circle', in_progress: 'hourglass_flowing_sand', complete: 'white_check_mark', error: 'x' };

// taskCard renders one task.
export function taskCard(task) {
  const details = [task.details && richText(task.details), task.output && richText(task.output),
    (task.sources ?? []).map((source) => h('div', {}, link(source.url, source.text)))];
  return h('div', { class: `task ${task.status}` },
    h('div', { class: 'task-title' }, icon(`emoji-${STATUS[task.status]}`, 'drawn'), unseen(`${task.status.replace('_', ' ')}: `),
      task.hide_title ? null : task.title),
    h('div', { class: 'task-details' }, details));
}
