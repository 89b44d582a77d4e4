// Emoji names to characters: what apps and people commonly use. A name that is
// not here stays :name:.

import { h, icon, unseen } from './dom.js';

const NAMES = new Map(Object.entries({
  '+1': '👍', thumbsup: '👍', '-1': '👎', thumbsdown: '👎', ok_hand: '👌', wave: '👋', clap: '👏', pray: '🙏', raised_hands: '🙌',
  muscle: '💪', eyes: '👀', point_right: '👉', point_left: '👈', point_up: '☝️', point_down: '👇', raising_hand: '🙋', shrug: '🤷',
  smile: '😄', smiley: '😃', grinning: '😀', slightly_smiling_face: '🙂', wink: '😉', joy: '😂', sweat_smile: '😅', thinking_face: '🤔',
  cry: '😢', sob: '😭', scream: '😱', tada: '🎉', sparkles: '✨', heart: '❤️', '100': '💯', fire: '🔥', rocket: '🚀', boom: '💥', zap: '⚡',
  white_check_mark: '✅', heavy_check_mark: '✔️', ballot_box_with_check: '☑️', x: '❌', negative_squared_cross_mark: '❎',
  warning: '⚠️', no_entry: '⛔', no_entry_sign: '🚫', exclamation: '❗', question: '❓', grey_question: '❔', bangbang: '‼️',
  information_source: 'ℹ️', bulb: '💡', bell: '🔔', no_bell: '🔕', loudspeaker: '📢', mega: '📣', rotating_light: '🚨', stop_sign: '🛑',
  hourglass: '⌛', hourglass_flowing_sand: '⏳', stopwatch: '⏱️', alarm_clock: '⏰', clock1: '🕐', calendar: '📆', date: '📅',
  white_circle: '⚪', black_circle: '⚫', red_circle: '🔴', large_blue_circle: '🔵', large_green_circle: '🟢',
  large_yellow_circle: '🟡', large_orange_circle: '🟠', lock: '🔒', unlock: '🔓', key: '🔑', old_key: '🗝️', shield: '🛡️',
  construction: '🚧', wrench: '🔧', hammer: '🔨', hammer_and_wrench: '🛠️', gear: '⚙️', nut_and_bolt: '🔩', package: '📦', mag: '🔍',
  arrows_counterclockwise: '🔄', repeat: '🔁', arrow_right: '➡️', arrow_left: '⬅️', arrow_up: '⬆️', arrow_down: '⬇️',
  arrow_forward: '▶️', double_vertical_bar: '⏸️', black_square_for_stop: '⏹️', fast_forward: '⏩', electric_plug: '🔌', battery: '🔋',
  computer: '💻', desktop_computer: '🖥️', floppy_disk: '💾', cd: '💿', satellite_antenna: '📡', globe_with_meridians: '🌐', link: '🔗',
  file_folder: '📁', open_file_folder: '📂', page_facing_up: '📄', memo: '📝', pencil2: '✏️', clipboard: '📋', pushpin: '📌',
  chart_with_upwards_trend: '📈', chart_with_downwards_trend: '📉', bar_chart: '📊', email: '✉️', envelope: '✉️', speech_balloon: '💬',
  robot_face: '🤖', ghost: '👻', skull: '💀', dog: '🐶', sheep: '🐑', cow: '🐮', coffee: '☕', beer: '🍺', pizza: '🍕', sunny: '☀️',
  cloud: '☁️', snowflake: '❄️', umbrella: '☔', crescent_moon: '🌙', star: '⭐', white_large_square: '⬜', black_large_square: '⬛',
}));

// DRAWN have a picture in icons.svg, so that the states that apps show look the
// same on every machine, whatever fonts it has.
const DRAWN = new Set([
  'white_check_mark', 'x', 'warning', 'no_entry_sign', 'no_entry', 'hourglass_flowing_sand', 'hourglass', 'white_circle',
  'black_circle', 'red_circle', 'large_green_circle', 'large_yellow_circle', 'large_blue_circle', 'lock', 'bell', 'eyes',
  'arrows_counterclockwise', 'information_source', 'double_vertical_bar', 'rocket', 'tada', '+1', 'wave',
]);

const PATTERN = /:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?/g;

// character is the emoji of a name, or undefined.
export function character(name) {
  return NAMES.get(name);
}

// emoji is the node for a name; an unknown one stays text.
export function emoji(name, unicode) {
  const text = unicode ?? NAMES.get(name);
  if (!text) return document.createTextNode(`:${name}:`);
  if (!DRAWN.has(name)) return h('span', { class: 'emoji', title: `:${name}:` }, text);
  return h('span', { class: 'emoji', title: `:${name}:` }, icon(`emoji-${name.replace('+', 'plus')}`, 'drawn'), unseen(text));
}

// withEmoji is plain text in which emoji names become emoji.
export function withEmoji(text) {
  const nodes = [];
  let rest = 0;
  for (const match of text.matchAll(PATTERN)) {
    if (!NAMES.has(match[1])) continue;
    nodes.push(text.slice(rest, match.index), emoji(match[1]));
    rest = match.index + match[0].length;
  }
  nodes.push(text.slice(rest));
  return nodes.filter((node) => node !== '');
}

// plainEmoji is withEmoji for where only text can stand, such as a title.
export function plainEmoji(text) {
  return text.replace(PATTERN, (whole, name) => NAMES.get(name) ?? whole);
}
