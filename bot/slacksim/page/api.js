// Requests to the server that serves this page.

// read gets JSON.
export async function read(path, query = {}) {
  const response = await reach(`/page/api/${path}?${new URLSearchParams(query)}`, { cache: 'no-store' });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

// reach is fetch with an error that a person understands.
async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Error('The local Slack does not answer. Is the demo still running?');
  }
}

// act does something as a person. It returns what Slack says of it, {error: …}
// included, and throws if the thing cannot be done at all.
export async function act(what, body) {
  const response = await reach(`/page/api/${what}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  const type = response.headers.get('Content-Type') ?? '';
  const answer = type.startsWith('application/json') ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Error(answer.error || `The local Slack answered ${response.status}.`);
  return answer;
}
