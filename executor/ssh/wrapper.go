package ssh

import (
	"crypto/rand"
	_ "embed" // for the script below
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// The scripts that run on the server; see their comments. They are the same for every command.
var (
	//go:embed host.sh
	hostScript string // begins both of the others
	//go:embed wrapper.sh
	script string
	//go:embed detach.sh
	detachScript string // for a command that outlives the connection
)

// bootstrap unpacks the script. It holds nothing that any login shell treats
// specially inside single quotes.
const bootstrap = `eval "$(printf %b "$3")"`

// The words that the wrapper says, each followed by the nonce of the run.
const (
	startMark = "drover-start-" // on both streams: what follows is the command's
	stopMark  = "drover-stop-"  // on stderr: the command was ended on request
	promptTag = "drover-prompt-"
	hostTag   = "drover-host-" // before the start, with " " and name=value: which machine it is
	jobTag    = "drover-job-"  // before the start, with "-" and a word: why a job is not started or followed
	overMark  = "drover-over-" // on stderr: the exit status that follows is the job's own
	diedMark  = "drover-died-" // on stderr: the job has ended without an exit status
)

// newNonce makes the marks of one run impossible to guess, so that no output can forge them.
func newNonce() string { return rand.Text() }

// wrap makes the command line for the login shell:
//
//	exec /bin/sh -c BOOTSTRAP drover NONCE TEXT SCRIPT plain|sudo
//
// and for a command that outlives the connection the same with the other script, and two words more:
//
//	exec /bin/sh -c BOOTSTRAP drover NONCE TEXT SCRIPT plain|sudo JOB start|attach
//
// executor/sshtest reads the same words at the same places.
func wrap(nonce string, cmd Command) string {
	mode := "plain"
	if cmd.Sudo {
		mode = "sudo"
	}
	source, rest := script, []string{mode}
	if cmd.Detach != "" {
		source, rest = detachScript, append(rest, cmd.Detach, cmd.verb())
	}
	return "exec " + shellescape.QuoteCommand(append([]string{
		"/bin/sh", "-c", bootstrap, "drover", nonce, encode(cmd.Text), encode(compact(hostScript + source)),
	}, rest...))
}

// encode writes a text for printf %b. Quoting protects a text from POSIX shells
// only: within single quotes fish reads backslashes, and csh reads ! and ends at a line break.
func encode(text string) string {
	return strings.NewReplacer(`\`, `\0134`, "!", `\0041`, "\n", `\0012`, "\r", `\0015`).Replace(text)
}

// compact drops comments and indentation: ps and sudo's log on the server show the script.
func compact(source string) string {
	var out strings.Builder
	for line := range strings.Lines(source) {
		if line = strings.TrimLeft(line, "\t"); line != "\n" && !strings.HasPrefix(line, "#") {
			out.WriteString(line)
		}
	}
	return out.String()
}
