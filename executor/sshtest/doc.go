// Package sshtest is a fleet of SSH servers inside this process, for the demo, the
// tests and for measuring. A server logs users in, plays sudo's part, and gives each
// command to a Handler; faults can be switched on and off while it runs.
//
// It speaks to any SSH client. A command line of the form
//
//	exec /bin/sh -c BOOTSTRAP drover NONCE TEXT SCRIPT plain|sudo one|many
//
// is drover's wrapper (see executor/ssh): the server then acts as the wrapper would.
// It says which machine it is with lines "drover-host-NONCE NAME=VALUE" on standard error,
// asks for sudo's password there with "drover-prompt-NONCE", says
// "drover-start-NONCE" on both outputs, hands TEXT to the Handler, ends the Handler's
// context when standard input closes, and confirms that with "drover-stop-NONCE".
//
// With the words JOB start|attach in the place of the last one the command is a detached one: its Handler
// goes on without a connection, its output and exit status are kept, and an attach shows
// them from the beginning. "drover-over-NONCE" says that the exit status is the command's
// own, "drover-died-NONCE" that it has none, and "drover-job-NONCE-unknown" or "-exists"
// that nothing is followed.
package sshtest
