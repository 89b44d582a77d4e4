package roster

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/kevinburke/ssh_config"
)

// SSHConfig reads a client's configuration: each name without wildcards is a server, with the values that ssh would use
// for it. What only some other condition than the name decides (Match) is left, and so are included files: the library
// runs nothing and reads no other file. An error means that the file cannot be read at all.
func SSHConfig(text []byte) ([]Entry, []Left, error) {
	c := clientConfig{}
	config, err := ssh_config.DecodeBytes([]byte(strings.Join(c.filter(lines(text)), "\n") + "\n"))
	if err != nil {
		return nil, nil, fmt.Errorf("read as ssh_config: %w", err)
	}
	c.config = config
	for i, block := range config.Hosts {
		c.settings(block)
		if i > 0 && i <= len(c.blocks) { // the first one stands for what is above all blocks
			c.names(c.blocks[i-1], block)
		}
	}
	return c.entries, order(c.left), nil
}

type clientConfig struct {
	config  *ssh_config.Config
	blocks  []int // the lines of the blocks that the library gets to see, in order
	entries []Entry
	left    []Left
}

func (c *clientConfig) leave(line int, format string, args ...any) {
	c.left = append(c.left, Left{line, fmt.Sprintf(format, args...)})
}

// filter empties the lines that the library cannot read or would read other files for, so that one of them does not
// cost the whole file. Numbers of lines stay.
func (c *clientConfig) filter(lines []string) []string {
	kept := make([]string, len(lines))
	skipping := false
	for i, line := range lines {
		line = strings.TrimSpace(strings.ReplaceAll(line, "\t", " "))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		keyword, value := keywordOf(line)
		why := unreadable(line, keyword, value)
		if keyword == "host" || keyword == "match" {
			skipping = why != ""
		} else if skipping {
			continue
		}
		switch {
		case why != "":
			c.leave(i+1, "%s: %s", clip(line), why)
			continue
		case keyword == "host", keyword == "match":
			c.blocks = append(c.blocks, i+1)
		}
		kept[i] = line
	}
	return kept
}

// unreadable says why the library must not get a line.
func unreadable(line, keyword, value string) string {
	switch {
	case !isWord(keyword), strings.ContainsFunc(line, unicode.IsControl):
		return "it is no setting" // on a line like "=" the library never ends
	case value == "":
		return "it has no value"
	case keyword == "match" && !strings.EqualFold(value, "all"):
		return "drover knows names only, so the whole block is left"
	case keyword == "include":
		return "import that file by itself"
	}
	return ""
}

func isWord(keyword string) bool {
	return keyword != "" && !strings.ContainsFunc(keyword, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// keywordOf splits a line as ssh does: at the first space or equals sign.
func keywordOf(line string) (keyword, value string) {
	at := strings.IndexAny(line, " =")
	if at < 0 {
		return strings.ToLower(line), ""
	}
	value = strings.TrimLeft(line[at:], " ")
	value = strings.TrimLeft(strings.TrimPrefix(value, "="), " ")
	if comment := strings.Index(value, " #"); comment >= 0 {
		value = strings.TrimRight(value[:comment], " ")
	}
	return strings.ToLower(line[:at]), value
}

// settings tells of the values in a block that matter to a connection and that drover has no field for.
func (c *clientConfig) settings(block *ssh_config.Host) {
	for _, node := range block.Nodes {
		kv, ok := node.(*ssh_config.KV)
		if !ok || strings.EqualFold(kv.Value, "none") {
			continue
		}
		if why := whyNot(strings.ToLower(kv.Key)); why != "" {
			c.leave(kv.Pos().Line, "%s %s: %s", kv.Key, clip(kv.Value), why)
		}
	}
}

func whyNot(keyword string) string {
	switch keyword {
	case "proxycommand":
		return "drover runs no commands on its own host; a way through another server is a ProxyJump"
	case "identityfile", "certificatefile":
		return "keep the key with `drover credential add NAME --key-file FILE`, and name it with --credential"
	case "identityagent", "pkcs11provider", "securitykeyprovider":
		return "drover logs in with a credential of its own: `drover credential add`"
	case "hostkeyalias", "userknownhostsfile", "knownhostscommand":
		return "drover pins host keys by itself: `drover import --known-hosts FILE` or `drover server trust`"
	case "remotecommand":
		return "drover runs its own commands"
	case "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms":
		return "drover uses the algorithms without known weaknesses, and no others"
	}
	return ""
}

// names makes an entry of each name of a block that no block before it had.
func (c *clientConfig) names(line int, block *ssh_config.Host) {
	for _, pattern := range block.Patterns {
		name := pattern.String()
		if strings.ContainsAny(name, "*?!") {
			c.leave(line, "the pattern %s names no server by itself: what it sets goes to the names that it matches", clip(name))
			continue
		}
		if !c.has(name) {
			c.entry(line, name)
		}
	}
}

func (c *clientConfig) has(name string) bool {
	for _, e := range c.entries {
		if e.Name == name {
			return true
		}
	}
	return false
}

func (c *clientConfig) entry(line int, name string) {
	get := func(keyword string) string {
		value, _ := c.config.Get(name, keyword) // fails for kinds of nodes that only included files have
		return value
	}
	e := Entry{Line: line, Name: name, User: get("User"), Address: get("HostName")}
	e.Address = strings.NewReplacer("%%", "%", "%h", name).Replace(e.Address)
	if strings.Contains(e.Address, "%") && !strings.Contains(e.Address, ":") { // %eth0 in an IPv6 address is a zone
		c.leave(line, "%s: its HostName %s holds a token that only ssh knows", clip(name), clip(e.Address))
		return
	}
	if port := get("Port"); port != "" {
		number, err := strconv.Atoi(port)
		if err != nil || number < 1 || number > 65535 {
			c.leave(line, "%s: %s is not a port", clip(name), clip(port))
			return
		}
		e.Port = number
	}
	e.Jump = c.jump(line, name)
	c.entries = append(c.entries, e)
}

// clip shortens a piece of a file, and quotes one that a terminal must not get as it is.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:59]) + "…"
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
