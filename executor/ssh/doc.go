// Package ssh runs one command on one server: it checks the server's host key,
// logs in, runs the command, collects what it prints, and stops it.
//
// The command is never handed to the login shell. It travels inside a small
// constant script (wrapper.sh) that /bin/sh runs on the server; the script sets a
// predictable environment, becomes root through sudo when asked, and ends every
// process of the command when drover stops it or the link is lost.
//
// A detached command is the exception (Command.Detach, detach.sh): it outlives the
// connection, the end of drover too, and Attach finds it again.
//
// A Client keeps connections and shares each among up to eight commands. It reaches a
// server directly or through others (Server.Jump), never tries a login twice, leaves a
// server alone for a while after it refused one, and never puts a password in a command line, an environment, an output or an error.
package ssh
