package action

import (
	"regexp"
	"strings"
)

// cause is a sentence of a package manager and what it means for the person who reads it, with what to do next. $1 and
// so on are the groups of the sentence.
type cause struct {
	sentence *regexp.Regexp
	meaning  string
}

// causes are looked for in order: a full disk also interrupts dpkg and breaks a download. The messages are in the C
// locale, which the scripts set.
var causes = []cause{
	{regexp.MustCompile(`(?m)^drover: (.+)$`), "$1"}, // the script's own
	{regexp.MustCompile(`No space left on device|You don't have enough free space in|more space needed on the`),
		"no space left on the server: make some (the action disk shows where), then update again"},
	{regexp.MustCompile(`Read-only file system`), "a filesystem of the server is read-only: its kernel log says why"},
	{regexp.MustCompile(`dpkg was interrupted`), "dpkg was interrupted earlier: run dpkg --configure -a on the server, then update again"},
	{regexp.MustCompile(`held by process (\d+) \(([^)\n]+)\)`), "$2 (process $1) has the lock of the package manager: try again when it is done"},
	{regexp.MustCompile(`already locked by (\d+)\s+The application with PID \d+ is: (\S+)`), "$2 (process $1) has the lock of the package manager: try again when it is done"},
	{regexp.MustCompile(`Could not get lock|Unable to acquire the dpkg frontend lock|already locked by|obtain rpm transaction lock`),
		"another package manager has the lock: try again when it is done"},
	{regexp.MustCompile(`Packages need to be removed but remove is disabled`), "the update would remove packages: full-upgrade may do that"},
	{regexp.MustCompile(`Essential packages were removed`), "it would remove packages that the system needs; nothing was done: look at its package sources"},
	{regexp.MustCompile(`Unmet dependencies|held broken packages`), "the server has unmet dependencies: run apt-get -f install on it, then update again"},
	{regexp.MustCompile(`(?:Could not resolve(?: host:)?|Temporary failure resolving) '?([^'\s\]]+)`),
		"the name $1 cannot be resolved: check the server's network (ping-internet shows whether it has one)"},
	{regexp.MustCompile(`(?:Could not connect to|Unable to connect to|Failed to connect to|Cannot initiate the connection to) ([^\s:]+)`),
		"$1 cannot be reached: check the server's network (ping-internet shows whether it has one)"},
	{regexp.MustCompile(`Network is unreachable|Connection timed out|Timeout was reached`),
		"a package source cannot be reached: check the server's network (ping-internet shows whether it has one)"},
	{regexp.MustCompile(`Release file for (\S+) is (?:not valid yet|expired)`), "the package source $1 is out of date, or the server's clock is wrong"},
	{regexp.MustCompile(`[Cc]ertificate is not yet valid|certificate is NOT trusted.*(?:not yet activated|expired)`), "a package source's certificate has expired, or the server's clock is wrong"},
	{regexp.MustCompile(`The repository '([^']+)' is not signed`), "the package source $1 is not signed by a key that the server trusts: look at it before you do"},
	{regexp.MustCompile(`(?:NO_PUBKEY|EXPKEYSIG|BADSIG) (\w+)|GPG check FAILED|signature verification error`),
		"a package source is not signed by a key that the server trusts: look at it before you do"},
	{regexp.MustCompile(`Failed to fetch (\S+)\s+(\d{3})\s+([^\[\n]*[^\[\s])`), "the package source $1 answers $2 $3: mend it or take it out, then update again"},
	{regexp.MustCompile(`Failed to fetch (\S+)`), "the package source $1 is broken: mend it or take it out, then update again"},
	{regexp.MustCompile(`The repository '([^']+)'`), "the package source $1 is broken: mend it or take it out, then update again"},
	{regexp.MustCompile(`Failed to download metadata for repo '([^']+)'`), "the repository $1 is broken: mend it or disable it, then update again"},
	{regexp.MustCompile(`Malformed (?:entry|line|stanza) .* (?:list file|source list|sources file) (/\S+)`), "the list of package sources cannot be read: mend $1 on the server"},
	{regexp.MustCompile(`The list of sources could not be read`), "the list of package sources cannot be read: mend it on the server"},
	{regexp.MustCompile(`error processing (?:package|archive) (\S+)`), "the package $1 failed: its own messages are in the thread"},
	{regexp.MustCompile(`are you root\?|superuser privileges`), "this needs root: check sudo for this server"},
}

var (
	waiting = regexp.MustCompile(`Waiting for cache lock: .*`)
	shutOut = regexp.MustCompile(`Could not get lock|Unable to acquire`)
)

// failureCause names why a package manager failed, when its messages hold a sentence that is known; those about errors
// count more than its prose. apt says on standard output who has a lock while it waits for it: that is no cause when it
// got it in the end, and else the only place with the name.
func failureCause(prose, stderr string, exitCode int) string {
	if shutOut.MatchString(stderr) {
		stderr += "\n" + strings.Join(waiting.FindAllString(prose, -1), "\n")
	}
	for _, text := range []string{stderr, waiting.ReplaceAllString(prose, "")} {
		for _, c := range causes {
			if match := c.sentence.FindStringSubmatchIndex(text); match != nil {
				return string(c.sentence.ExpandString(nil, c.meaning, text, match))
			}
		}
	}
	return "the package manager failed: " + exitReason(exitCode)
}
