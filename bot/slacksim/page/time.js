// Times, in the reader's own zone.

const DAY = 24 * 60 * 60 * 1000;

// moment is the time of a message's ts.
export function moment(ts) {
  return new Date(Number.parseFloat(ts) * 1000);
}

// clock is a time of day.
export function clock(date) {
  return date.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
}

// day is a date as a divider between messages says it.
export function day(date, now = new Date()) {
  return pretty(date, now) ?? date.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long' });
}

// pretty is a date near today in a word, else undefined.
function pretty(date, now) {
  const days = Math.round((startOf(date) - startOf(now)) / DAY);
  return { '-1': 'Yesterday', 0: 'Today', 1: 'Tomorrow' }[days];
}

function startOf(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

const FORMATS = {
  date_num: (d) => `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`,
  date_slash: (d) => d.toLocaleDateString([], { year: 'numeric', month: '2-digit', day: '2-digit' }),
  date: (d) => d.toLocaleDateString([], { year: 'numeric', month: 'long', day: 'numeric' }),
  date_short: (d) => d.toLocaleDateString([], { year: 'numeric', month: 'short', day: 'numeric' }),
  date_long: (d) => d.toLocaleDateString([], { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }),
  time: (d) => clock(d),
  time_secs: (d) => d.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
  ago: (d) => ago(d),
};

// formatted is Slack's date markup: {date_short_pretty} {time}. A field that is
// not known stays as it is.
export function formatted(seconds, format, now = new Date()) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  return format.replace(/\{([a-z_]+)\}/g, (whole, name) => {
    const base = name.replace(/_pretty$/, '');
    const near = base !== name && pretty(date, now);
    return near || (FORMATS[base]?.(date) ?? whole);
  });
}

// ago says how long something is past, roughly.
export function ago(date, now = new Date()) {
  const seconds = Math.max(0, (now - date) / 1000);
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    const count = Math.floor(seconds / size);
    if (count > 0) return `${count} ${unit}${count > 1 ? 's' : ''} ago`;
  }
  return 'just now';
}
