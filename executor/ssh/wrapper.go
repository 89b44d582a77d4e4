package ssh

import (
	"crypto/rand"
	_ "embed" // for the scripts below
	"regexp"
	"slices"
	"strings"
	"sync"

	"al.essio.dev/pkg/shellescape"
)

// The scripts that run on the server; see their comments. They are the same for every command.
var (
	//go:embed environment.sh
	environmentScript string
	//go:embed host.sh
	hostScript string
	//go:embed wrapper.sh
	commandScript string
	//go:embed detach.sh
	detachScript string // for a command that outlives the connection
)

// What /bin/sh is told to do with its words. They hold nothing that any login shell treats specially inside single quotes.
const (
	bootstrap = `eval "$3"`
	// unpack decodes the text first. It costs a process.
	unpack = `text=$(printf %b. "$2"); nonce=$1; shift 2; set -- "$nonce" "${text%.}" "$@"; unset text nonce; eval "$3"`
)

// The words that the scripts say, each followed by the nonce of the run.
const (
	startMark = "drover-start-" // on both streams: what follows is the command's
	stopMark  = "drover-stop-"  // on stderr: the command was ended on request
	promptTag = "drover-prompt-"
	hostTag   = "drover-host-" // before the start, with " " and name=value: which machine it is
	jobTag    = "drover-job-"  // before the start, with "-" and a word: why a job is not started or followed
	overMark  = "drover-over-" // on stderr: the exit status that follows is the job's own
	diedMark  = "drover-died-" // on stderr: the job has ended without an exit status
	fullMark  = "drover-full-" // on stderr, before that: the disk with its files is full
)

// newNonce makes the marks of one run impossible to guess, so that no output can forge them.
func newNonce() string { return rand.Text() }

// wrap makes the command line for the login shell:
//
//	exec /bin/sh -c BOOTSTRAP drover NONCE TEXT SCRIPT plain|sudo one|many
//
// and for a command that outlives the connection with the other script:
//
//	exec /bin/sh -c BOOTSTRAP drover NONCE TEXT SCRIPT plain|sudo JOB start|attach
//
// A login shell that is /bin/sh itself is given the words without another one taking its place. host is what is known of
// the server; where it is nil the script says it. executor/sshtest reads the same words at the same places.
func wrap(nonce string, cmd Command, host *introduction) string {
	begin, text := bootstrap, cmd.Text
	if strings.ContainsAny(text, encoded) {
		begin, text = unpack, encode(text)
	}
	mode := "plain"
	if cmd.Sudo {
		mode = "sudo"
	}
	script, rest := plainScript, mode+" many"
	switch {
	case cmd.Detach != "":
		script, rest = jobScript, mode+" "+cmd.Detach+" "+cmd.verb()
	case single(cmd.Text):
		rest = mode + " one"
	}
	words := shellescape.Quote(nonce) + " " + shellescape.Quote(text) + " " + script(host == nil) + " " + rest
	if host != nil && host.shell == "/bin/sh" {
		return "set -- " + words + "; " + begin
	}
	return "exec /bin/sh -c " + shellescape.Quote(begin) + " drover " + words
}

// simple is a command of plain words, without anything that a shell would act on.
var simple = regexp.MustCompile(`^([a-zA-Z0-9_./-]+)(?: +[a-zA-Z0-9_@+=:,./-]+)*$`)

// single says whether a text is one program that the shell begins and waits for, or one builtin that waits for none.
func single(text string) bool {
	words := simple.FindStringSubmatch(text)
	return words != nil && !slices.Contains([]string{".", "bg", "command", "eval", "exec", "fg", "jobs", "kill", "source", "trap", "wait"}, words[1])
}

// plainScript and jobScript are the script for a command, ready to be a word of the command line.
var (
	plainScript = quoted(&commandScript)
	jobScript   = quoted(&detachScript)
)

// quoted prepares a script once, with and without what introduces the server.
func quoted(script *string) func(introduce bool) string {
	make := func(before string) func() string {
		return sync.OnceValue(func() string { return shellescape.Quote(compact(before + *script)) })
	}
	with, without := make(environmentScript+hostScript), make(environmentScript)
	return func(introduce bool) string {
		if introduce {
			return with()
		}
		return without()
	}
}

// encoded are the characters that a login shell may treat specially even within single quotes: fish reads backslashes
// there, and csh reads ! and ends at a line break.
const encoded = "\\!\n\r"

// encode writes a text for printf %b.
func encode(text string) string {
	return strings.NewReplacer(`\`, `\0134`, "!", `\0041`, "\n", `\0012`, "\r", `\0015`).Replace(text)
}

// compact makes one line of a script whose commands end with a semicolon, and leaves out its comments: ps and sudo's log
// on the server show it.
func compact(source string) string {
	var lines []string
	for line := range strings.Lines(source) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}
