package ssh

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// HostFacts is what a server says of itself before a command begins: which system it is, and which boot of it. It
// comes with the command, without a round trip or a process of its own. What a server does not say, or says in a form that
// cannot be right, is "". A server's own word proves nothing against the server.
type HostFacts struct {
	System       string // "Linux"
	Distribution string // os-release's ID: "debian"
	Version      string // os-release's VERSION_ID: "12"
	Like         string // os-release's ID_LIKE: "rhel fedora"
	Kernel       string // its release: "6.1.0-37-amd64"
	MachineID    string // 32 hexadecimal digits
	BootID       string // a UUID that the kernel makes at boot
	BootStart    string // when process 1 was started, in clock ticks since the kernel's boot
}

// Boot names one boot of a machine. Two that differ prove a restart between them. Containers share their kernel's boot id,
// so that the start of their process 1 belongs to it. "" is no answer, and proves nothing.
func (h HostFacts) Boot() string {
	if h.BootID == "" || h.BootStart == "" {
		return ""
	}
	return h.BootID + ":" + h.BootStart
}

var (
	bootID    = regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	machineID = regexp.MustCompile(`^[0-9a-f]{32}$`)
	number    = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// maxFact is the length of the longest fact that is kept, in bytes.
const maxFact = 64

// introduction is what a server says of itself with the first command on a connection.
type introduction struct {
	facts HostFacts
	shell string // the login shell
}

// readIntroduction reads what the script on the server has said. Nothing else can have: the lines carry the nonce.
func readIntroduction(preface []byte, nonce string) introduction {
	said := make(map[string]string)
	for line := range bytes.Lines(preface) {
		if i := bytes.Index(line, []byte(hostTag+nonce+" ")); i >= 0 {
			name, value, _ := strings.Cut(string(line[i+len(hostTag)+len(nonce)+1:]), "=")
			said[name] = strings.TrimRight(value, "\r\n")
		}
	}
	return introduction{shell: said["shell"], facts: HostFacts{
		System: fact(said["system"]), Kernel: fact(said["kernel"]),
		Distribution: fact(unquote(said["id"])), Version: fact(unquote(said["version"])), Like: fact(unquote(said["like"])),
		MachineID: matching(machineID, said["machine"]), BootID: matching(bootID, said["boot"]), BootStart: matching(number, started(said["stat"])),
	}}
}

// host is what the server has said of itself, now or earlier on this connection: no machine outlives a restart, and no
// connection does. The caller holds s.mu.
func (s *session) host() HostFacts {
	known := &s.client.conn.host
	if said := known.Load(); said != nil && !s.cmd.Raw {
		return said.facts
	}
	said := readIntroduction(s.err.gate.preface, s.nonce)
	if said.facts.Boot() != "" {
		known.Store(&said)
	}
	return said.facts
}

// withoutHost leaves out what the script has said of the machine.
func withoutHost(preface []byte, nonce string) string {
	var rest strings.Builder
	for line := range bytes.Lines(preface) {
		if !bytes.Contains(line, []byte(hostTag+nonce)) {
			rest.Write(line)
		}
	}
	return rest.String()
}

func matching(form *regexp.Regexp, text string) string {
	if !form.MatchString(text) {
		return ""
	}
	return text
}

// fact makes a word of a server's fit for being shown.
func fact(text string) string {
	text = strings.TrimSpace(Clean(text))
	if len(text) <= maxFact {
		return text
	}
	cut := maxFact
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// unquote takes the quotes off a value of os-release. Those that are looked at hold nothing that would need more.
func unquote(text string) string {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	return text
}

// started is the 22nd field of /proc/PID/stat. The second one is a name that may hold anything.
func started(stat string) string {
	const after = 22 - 3 // fields between the name and it
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= after {
		return ""
	}
	return fields[after]
}
