// Package slacksim is a local Slack: the Web API over HTTP and Socket Mode over
// a websocket, on one loopback listener. Demos and tests run the real bot
// against it, so it is as strict as Slack is.
//
// # What it enforces
//
//   - Tokens and their kind, and the scopes of the app manifest (not_authed,
//     invalid_auth, not_allowed_token_type, missing_scope).
//   - Who may see and post where (channel_not_found, not_in_channel,
//     is_archived, user_not_in_channel).
//   - Block Kit: every type, field, length, count and surface, with the JSON
//     pointer of the offending place. Lengths are counted in code points.
//   - Rate limits per method and channel (HTTP 429 with Retry-After).
//   - Socket Mode: one-use tickets, at most ten connections, one envelope to
//     exactly one of them, acks within three seconds and under 20 KiB,
//     redelivery of events that nobody acked.
//   - Triggers (three seconds, one use), response URLs (five uses, thirty
//     minutes), the modal stack, view hashes.
//   - Events only for what the manifest subscribes to and has the scope for.
//
// People are played by methods of Server: SlashCommand, PostMessage, Click,
// Submit, OpenHome and others. What people see is read with Messages, Thread,
// Ephemerals, Modal and Home, or in a browser: URL serves a page on which a
// person uses the app as in Slack. Fail, Away, Disconnect, DropConnections and
// Redeliver make it misbehave as Slack sometimes does.
//
// # What it leaves out on purpose
//
// Group DMs, legacy attachments with actions, message shortcuts, external
// selects (block_suggestion), streaming messages, workflows, OAuth, installation
// in a whole Enterprise Grid (but not what a workspace in one says of people),
// and everything that other apps do in a workspace. The blocks call,
// container, data_visualization, file and video and the element workflow_button
// are refused like unknown ones. Where Slack's reference is silent it is on the
// strict side: option values have at most 75 characters, metadata 8 KiB, and an
// upload has exactly the announced length.
package slacksim
