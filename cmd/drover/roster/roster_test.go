package roster_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"drover/cmd/drover/roster"
)

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		entries []roster.Entry
		left    []roster.Left
	}{
		"all columns": {
			"name,address,port,user,credential,platform,tags,note,jump\nweb1,10.0.0.1,2222,deploy,ops,Linux,\"web, prod\",\"a \"\"note\"\"\",gate\n",
			[]roster.Entry{{2, "web1", "10.0.0.1", "deploy", "ops", "linux", 2222, []string{"web", "prod"}, `a "note"`, roster.Hop{Name: "gate"}}}, nil,
		},
		"a spreadsheet's": {
			"\ufeffName;Address;Tags\r\nweb1;10.0.0.1;web prod\r\n\r\ndb1;10.0.0.2;\r\n",
			[]roster.Entry{{Line: 2, Name: "web1", Address: "10.0.0.1", Tags: []string{"web", "prod"}}, {Line: 4, Name: "db1", Address: "10.0.0.2"}}, nil,
		},
		"what is left": {
			"name,address,owner,port,note\nweb1,10.0.0.1,ann,x,\ndb1,10.0.0.2,bob,,\nshort\nbad\"quote,x,,,\nlast,10.0.0.3,,,\nlast,10.0.0.4,,,\n",
			[]roster.Entry{{Line: 3, Name: "db1", Address: "10.0.0.2"}, {Line: 6, Name: "last", Address: "10.0.0.3"}},
			[]roster.Left{
				{1, `the column "owner": drover has no such field (name, address, port, user, credential, platform, tags, note, jump)`},
				{2, `"x" is not a port: it is a number from 1 to 65535`},
				{4, "it has 1 fields, and the first line names 5"},
				{5, `it cannot be read: bare " in non-quoted-field`},
				{7, `"last" stands in line 6 already`},
			},
		},
	} {
		entries, left, err := roster.CSV([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.entries, entries) + cmp.Diff(c.left, left); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	for text, want := range map[string]string{
		"": "names the columns", "web1,10.0.0.1\n": `no column "name"`, "name,name\n": "twice", "name\nweb1\n": `no column "address"`,
	} {
		if _, _, err := roster.CSV([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestSSHConfig(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		entries []roster.Entry
		left    []roster.Left
	}{
		"nothing": {"", nil, nil},
		"what never would end": {"= x\n==\n\u00e9 y\nHost web1\n", []roster.Entry{{Line: 4, Name: "web1"}}, []roster.Left{
			{1, "= x: it is no setting"}, {2, "==: it is no setting"}, {3, "\u00e9 y: it is no setting"},
		}},
		"plain": {
			"Host web1 web2\n\tHostName=%h.example.com\n\tPort 2222\nHost db1\n  User \"dba\"\n",
			[]roster.Entry{
				{Line: 1, Name: "web1", Address: "web1.example.com", Port: 2222}, {Line: 1, Name: "web2", Address: "web2.example.com", Port: 2222},
				{Line: 4, Name: "db1", User: "dba"},
			}, nil,
		},
		"jump hosts": {
			"Host gate\n  User ops\nHost web1\n  ProxyJump ops@gate:2222\nHost db1\n  ProxyJump none\nHost far\n  ProxyJump gate,web1\n" +
				"Host deep\n  ProxyJump ops@gate:2222,web1\nHost v6\n  ProxyJump [::1]:22\nHost bad\n  ProxyJump gate:x\nHost odd\n  ProxyJump %h\nHost *\n  ProxyJump gate\n",
			[]roster.Entry{
				{Line: 1, Name: "gate", User: "ops", Jump: roster.Hop{Name: "gate"}}, {Line: 3, Name: "web1", Jump: roster.Hop{Name: "gate", User: "ops", Port: 2222}},
				{Line: 5, Name: "db1"}, {Line: 7, Name: "far"}, {Line: 9, Name: "deep", Jump: roster.Hop{Name: "web1"}},
				{Line: 11, Name: "v6", Jump: roster.Hop{Name: "::1", Port: 22}}, {Line: 13, Name: "bad"}, {Line: 15, Name: "odd"},
			},
			[]roster.Left{
				{7, "far: its ProxyJump gate,web1: drover knows one way to each server, and by this file web1 is not reached through gate. Add it afterwards with `drover server edit far --jump SERVER`"},
				{13, "bad: its ProxyJump gate:x: x is not a port. Add it afterwards with `drover server edit bad --jump SERVER`"},
				{15, "odd: its ProxyJump %h: it names no server. Add it afterwards with `drover server edit odd --jump SERVER`"},
				{17, "the pattern * names no server by itself: what it sets goes to the names that it matches"},
			},
		},
		"the first value wins": {
			"User first\nHost web1\n  User second\nHost web1\n  Port 22\nHost *\n  Port 23\n",
			[]roster.Entry{{Line: 2, Name: "web1", User: "first", Port: 22}},
			[]roster.Left{{6, "the pattern * names no server by itself: what it sets goes to the names that it matches"}},
		},
		"what is left": {
			"Include other\nHost !x web1\n  ProxyJump none\n  ProxyCommand nc %h\n  Port\n  Port many\nMatch host web1 user x\n  User evil\nHost web2\n  HostName %n\nMatch all\n  User all\nHost web3\n",
			[]roster.Entry{{Line: 13, Name: "web3", User: "all"}},
			[]roster.Left{
				{1, "Include other: import that file by itself"},
				{2, "the pattern !x names no server by itself: what it sets goes to the names that it matches"},
				{2, "web1: many is not a port"},
				{4, "ProxyCommand nc %h: drover runs no commands on its own host; a way through another server is a ProxyJump"},
				{5, "Port: it has no value"},
				{7, "Match host web1 user x: drover knows names only, so the whole block is left"},
				{9, "web2: its HostName %n holds a token that only ssh knows"},
				{11, "the pattern * names no server by itself: what it sets goes to the names that it matches"},
			},
		},
	} {
		entries, left, err := roster.SSHConfig([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.entries, entries) + cmp.Diff(c.left, left); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func newKey(t testing.TB) gossh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := gossh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKnownHosts(t *testing.T) {
	a, b, c := newKey(t), newKey(t), newKey(t)
	line := func(key gossh.PublicKey, hosts ...string) string { return knownhosts.Line(hosts, key) }
	text := strings.Join([]string{
		"# a comment", "",
		line(a, "web1.example.com"),
		line(a, "10.0.0.1:2222"),
		strings.Replace(line(b, "db1.example.com"), "db1.example.com", knownhosts.HashHostname("db1.example.com"), 1),
		"*.example.org,!bad.example.org " + keyText(b),
		"@cert-authority * " + keyText(b),
		"@revoked * " + keyText(c),
		line(c, "web1.example.com"),
		"web1.example.com ssh-future AAAA",
		"web1.example.com",
		"|1|broken| " + keyText(a),
		line(b, "web1.example.com"),
	}, "\r\n")
	k, left, err := roster.ReadKnownHosts([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var skipped []int
	for _, l := range left {
		skipped = append(skipped, l.Line)
	}
	if diff := cmp.Diff([]int{7, 8, 9, 10, 11, 12}, skipped); diff != "" {
		t.Errorf("lines that are left (-want +got)\n%s\n%v", diff, left)
	}
	if diff := cmp.Diff([]int{3, 4, 5, 6, 13}, k.Lines()); diff != "" {
		t.Errorf("lines with keys (-want +got)\n%s", diff)
	}
	for _, want := range []struct {
		address string
		port    int
		lines   []int
	}{
		{"web1.example.com", 22, []int{3, 13}}, {"WEB1.example.com", 22, []int{3, 13}}, {"web1.example.com", 2222, nil},
		{"10.0.0.1", 2222, []int{4}}, {"10.0.0.1", 22, nil}, {"db1.example.com", 22, []int{5}},
		{"x.example.org", 22, []int{6}}, {"bad.example.org", 22, nil},
	} {
		var got []int
		for _, key := range k.Keys(want.address, want.port) {
			got = append(got, key.Line)
			if !strings.HasPrefix(key.AuthorizedKey, "ssh-ed25519 ") || !strings.HasPrefix(key.Fingerprint, "SHA256:") || key.Type != gossh.KeyAlgoED25519 {
				t.Errorf("%+v", key)
			}
		}
		if diff := cmp.Diff(want.lines, got); diff != "" {
			t.Errorf("%s:%d (-want +got)\n%s", want.address, want.port, diff)
		}
	}
}

// Whatever is in a file, it is read or refused; every line that is told of is one of its lines, and no entry is without
// a name that stands in the file.
func check(t *testing.T, text string, entries []roster.Entry, left []roster.Left) {
	t.Helper()
	last := strings.Count(text, "\n") + 1
	for _, l := range left {
		if l.Line < 1 || l.Line > last || l.Text == "" {
			t.Errorf("%+v of %d lines", l, last)
		}
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if e.Line < 1 || e.Line > last || e.Port < 0 || e.Port > 65535 || seen[e.Name] || !strings.Contains(text, e.Name) {
			t.Errorf("%+v", e)
		}
		seen[e.Name] = true
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("name,address,port\nweb1,10.0.0.1,22\n\"a\nb\",x,\n")
	f.Add("\ufeffname;address\n;;\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		if entries, left, err := roster.CSV([]byte(text)); err == nil {
			check(t, strings.ReplaceAll(text, "\r\n", "\n"), entries, left)
		}
	})
}

func FuzzSSHConfig(f *testing.F) {
	f.Add("Host web1\n HostName=10.0.0.1 # x\nMatch exec \"x\"\nHost = *\nInclude /etc/passwd\n")
	f.Add("Match all\nHost \"a b\" !c\nPort\n")
	f.Fuzz(func(t *testing.T, text string) {
		if entries, left, err := roster.SSHConfig([]byte(text)); err == nil {
			check(t, strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n"), entries, left)
		}
	})
}

func FuzzKnownHosts(f *testing.F) {
	key := keyText(newKey(f))
	f.Add("web1,[web2]:2222 "+key+"\n@revoked * "+key, "web1")
	f.Add("|1|x|y "+key+"\n* "+key+"\n\x00", "db1")
	f.Fuzz(func(t *testing.T, text, host string) {
		k, left, err := roster.ReadKnownHosts([]byte(text))
		if err != nil {
			t.Fatalf("one line costs the whole file: %v", err)
		}
		check(t, strings.ReplaceAll(text, "\r\n", "\n"), nil, left)
		for _, key := range k.Keys(host, 22) {
			if _, _, _, _, err := gossh.ParseAuthorizedKey([]byte(key.AuthorizedKey)); err != nil {
				t.Errorf("%+v: %v", key, err)
			}
		}
	})
}

func keyText(key gossh.PublicKey) string {
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key)))
}
