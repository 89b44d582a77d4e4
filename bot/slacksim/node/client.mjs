// Slack's own Node clients against a local Slack. It takes SLACK_API_URL,
// SLACK_APP_TOKEN and SLACK_BOT_TOKEN from the environment, prints "ready" when
// connected, handles one mention, one slash command, one click and one modal,
// and exits with 1 on any surprise.
import assert from 'node:assert/strict';
import { SocketModeClient } from '@slack/socket-mode';
import { ErrorCode, LogLevel, WebClient } from '@slack/web-api';

const options = { slackApiUrl: process.env.SLACK_API_URL, logLevel: LogLevel.ERROR };
const web = new WebClient(process.env.SLACK_BOT_TOKEN, options);
const socket = new SocketModeClient({
  appToken: process.env.SLACK_APP_TOKEN, logLevel: LogLevel.ERROR, clientOptions: options,
});

const fail = (error) => {
  console.error(error);
  process.exit(1);
};
process.on('unhandledRejection', fail);
socket.on('error', fail);

const giveUp = setTimeout(() => fail(new Error('nothing happened for 60 s')), 60_000);

// next resolves with the next event of a name; a failing handler ends the process.
const next = (name) => new Promise((resolve) => socket.once(name, resolve));

await socket.start();
const { user_id: bot, team_id: team } = await web.auth.test();
assert.match(bot, /^U/);

const mentioned = next('app_mention');
const commanded = next('slash_commands');
const clicked = next('interactive');
console.log('ready');

const mention = await mentioned;
assert.equal(mention.accepts_response_payload, false);
assert.equal(mention.event.text, `<@${bot}> hello`);
await mention.ack();

const command = await commanded;
assert.equal(command.accepts_response_payload, true);
assert.equal(command.body.command, '/server');
assert.equal(command.body.text, 'update web1');
assert.equal(command.body.team_id, team);
await command.ack({ text: 'on it', response_type: 'ephemeral' });

const channel = command.body.channel_id;
const button = { type: 'button', action_id: 'run.start', text: { type: 'plain_text', text: 'Start' }, value: '42' };
const card = await web.chat.postMessage({
  channel,
  text: 'running',
  blocks: [{ type: 'actions', elements: [button] }],
  metadata: { event_type: 'drover_run', event_payload: { run: 42 } },
});
const changed = await web.chat.update({ channel, ts: card.ts, text: 'still running', blocks: card.message.blocks });
assert.equal(changed.text, 'still running');
const history = await web.conversations.history({ channel, include_all_metadata: true, limit: 1 });
assert.equal(history.messages[0].metadata.event_payload.run, 42);

await assert.rejects(
  web.chat.update({ channel, ts: card.ts, blocks: [{ type: 'nonsense' }] }),
  (e) => e.code === ErrorCode.PlatformError && e.data.error === 'invalid_blocks',
);

const upload = await web.filesUploadV2({
  channel_id: channel, thread_ts: card.ts, filename: 'out.txt', content: 'line\n'.repeat(100),
});
assert.equal(upload.ok, true);
console.log(`card ${card.ts}`);

const click = await clicked;
assert.equal(click.body.actions[0].value, '42');
const submitted = next('interactive');
await click.ack();
const opened = await web.views.open({
  trigger_id: click.body.trigger_id,
  view: {
    type: 'modal',
    callback_id: 'run.start',
    title: { type: 'plain_text', text: 'Start' },
    submit: { type: 'plain_text', text: 'Start' },
    blocks: [{
      type: 'input',
      block_id: 'why',
      label: { type: 'plain_text', text: 'Why' },
      element: { type: 'plain_text_input', action_id: 'reason' },
    }],
  },
});
console.log(`view ${opened.view.id}`);

const submission = await submitted;
assert.equal(submission.body.view.state.values.why.reason.value, 'because');
await submission.ack({ response_action: 'clear' });

await socket.disconnect();
clearTimeout(giveUp);
console.log('done');
