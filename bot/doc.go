// Package bot is drover's side of Slack: text and clicks come in, cards and threads go out.
//
// Bot turns what Slack delivers into requests to the engine and answers in private when one is refused. Projector
// makes the messages in Slack show the rows of the store, again and again until they do. Neither keeps a result.
package bot
