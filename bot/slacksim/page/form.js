// What a person has chosen and typed in a view or message, while it is drawn
// anew again and again.

export class Form {
  #chosen = new Map();

  // remember notes what an element holds now.
  remember(block, action, values) {
    this.#chosen.set(`${block}/${action}`, values);
  }

  // chosen is what an element holds: what the person put there, or its initial value.
  chosen(block, element) {
    return this.#chosen.get(`${block}/${element.action_id}`) ?? initial(element);
  }

  // values are all that the person has touched, if it is still there.
  values(blocks) {
    const there = new Set(blocks.flatMap((block) => [block.element, block.accessory, ...(block.elements ?? [])]
      .filter((e) => e?.action_id).map((e) => `${block.block_id}/${e.action_id}`)));
    return Object.fromEntries([...this.#chosen].filter(([key]) => there.has(key)));
  }
}

const ONE = ['initial_value', 'initial_date', 'initial_time', 'initial_user', 'initial_channel', 'initial_conversation'];
const MANY = ['initial_options', 'initial_users', 'initial_channels', 'initial_conversations'];

function initial(element) {
  for (const name of ONE) if (typeof element[name] === 'string') return [element[name]];
  if (element.initial_option) return [element.initial_option.value];
  for (const name of MANY) if (element[name]) return element[name].map((x) => (typeof x === 'string' ? x : x.value));
  return [];
}
