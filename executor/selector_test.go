package executor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/store"
)

// fleet makes servers out of words such as web1:prod,linux.
func fleet(words string) []store.Server {
	var servers []store.Server
	for _, word := range strings.Fields(words) {
		name, tags, tagged := strings.Cut(word, ":")
		server := store.Server{ID: name, Name: name}
		if tagged {
			server.Tags = strings.Split(tags, ",")
		}
		servers = append(servers, server)
	}
	return servers
}

const someFleet = "cache1 db1:prod db2:test web1:prod web10:prod web2:prod,edge web3 web01 web02 web03 10.0.0.1 a-1-b a-2-b a-3-b"

func TestSelectServers(t *testing.T) {
	for words, want := range map[string]string{
		"web1":               "web1",
		"web2 web1 web2":     "web1 web2",
		"web10 web2 web1":    "web1 web2 web10",
		"web*":               "web01 web1 web02 web2 web03 web3 web10",
		"web?":               "web1 web2 web3",
		"*1":                 "10.0.0.1 cache1 db1 web01 web1",
		"web[1-3]":           "web1 web2 web3",
		"web[2-2]":           "web2",
		"web[01-03]":         "web01 web02 web03",
		"a-[1-3]-b":          "a-1-b a-2-b a-3-b",
		"10.0.0.[1-1]":       "10.0.0.1",
		"tag:prod":           "db1 web1 web2 web10",
		"tag:edge tag:test":  "db2 web2",
		"all":                "10.0.0.1 a-1-b a-2-b a-3-b cache1 db1 db2 web01 web1 web02 web2 web03 web3 web10",
		"all !web* !a-*":     "10.0.0.1 cache1 db1 db2",
		"!web2 tag:prod":     "db1 web1 web10",
		"web1 !web1 web1":    "",
		"web[1-3] !tag:prod": "web3",
		"tag:prod !db2":      "db1 web1 web2 web10",
		"all !all":           "",
	} {
		t.Run(words, func(t *testing.T) {
			servers, err := executor.SelectServers(strings.Fields(words), fleet(someFleet))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, s := range servers {
				names = append(names, s.Name)
			}
			if diff := cmp.Diff(strings.Fields(want), names, cmp.Transformer("join", func(l []string) string { return strings.Join(l, " ") })); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelectServersRefuses(t *testing.T) {
	for words, named := range map[string]string{
		"":                            "Say on which servers",
		"!web1":                       "Say on which servers",
		"web11":                       "No server is called web11. Did you mean `web1`?",
		"webb1":                       "Did you mean `web1`?",
		"nonsense":                    "No server is called nonsense. `list` shows the servers.",
		"web1 db9":                    "No server is called db9.",
		"all !wbe1":                   "No server is called wbe1.",
		"web[1-12]":                   "No server is called web[4-9] web11 web12.",
		"web[001-003]":                "No server is called web00[1-3].",
		"mail*":                       "No server's name matches `mail*`.",
		"!mail* all":                  "No server's name matches `mail*`.",
		"tag:prd":                     "No server has the tag `prd`. Did you mean `tag:prod`?",
		"tag:":                        "No server has the tag",
		"web[3-1]":                    "`web[3-1]` is not a range",
		"web[0-10000]":                "is not a range",
		"web[1-999999999999]":         "is not a range",
		"web[1-99999999999999999999]": "is not a range",
		"web[a-b]":                    "No server is called web[a-b].",
		"web[1-3":                     "No server is called web[1-3.",
		"we`b":                        "No server is called we'b.",
		"[*]":                         "No server is called [*].",
		strings.Repeat("é", 90):       strings.Repeat("é", 80) + "….",
	} {
		t.Run(words, func(t *testing.T) {
			servers, err := executor.SelectServers(strings.Fields(words), fleet(someFleet))
			refusal := refused(t, err)
			if len(servers) > 0 || refusal.Kind != executor.Usage || !strings.Contains(refusal.Text, named) {
				t.Fatalf("got %v and %q, want %q", servers, refusal.Text, named)
			}
		})
	}
}
