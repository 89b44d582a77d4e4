package executor_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"drover/executor"
	"drover/executor/action"
)

func TestParseRequest(t *testing.T) {
	for line, want := range map[string]executor.Request{
		"update web1 db1":           {Action: "update", Selector: []string{"web1", "db1"}},
		"UPDATE Web1 TAG:Prod !DB1": {Action: "update", Selector: []string{"web1", "tag:prod", "!db1"}},
		"logs service=Nginx web1":   {Action: "logs", Selector: []string{"web1"}, Params: map[string]string{"service": "Nginx"}},
		"logs SERVICE=a=b lines=":   {Action: "logs", Params: map[string]string{"service": "a=b", "lines": ""}},
		"update all urgent=true":    {Action: "update", Selector: []string{"all"}, Options: executor.Options{Urgent: true}},
		"update all parallel=256":   {Action: "update", Selector: []string{"all"}, Options: executor.Options{Parallel: 256}},
		"update canary=2 batch=25% max-failures=0 all": {Action: "update", Selector: []string{"all"},
			Options: executor.Options{Canary: 2, Batch: "25%", MaxFailures: "0"}},
		"update batch=10 MAX-FAILURES=10% all": {Action: "update", Selector: []string{"all"}, Options: executor.Options{Batch: "10", MaxFailures: "10%"}},
		"update timeout=90m all":               {Action: "update", Selector: []string{"all"}, Options: executor.Options{Timeout: 90 * time.Minute}},
		"update":                               {Action: "update"},
	} {
		t.Run(line, func(t *testing.T) {
			if want.Params == nil {
				want.Params = map[string]string{}
			}
			got, err := executor.ParseRequest(strings.Fields(line))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("error %v, difference (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for line, named := range map[string]string{ // the answer names what was wrong
		"":                                    "what to do and where",
		"update web1 2fast=1":                 "`2fast`",
		"update web1 a-b=1":                   "`a-b`",
		"update web1 =1":                      "no parameter's name",
		"update web1 service=a service=b":     "`service` is given twice",
		"update web1 Service=a service=a":     "`service` is given twice",
		"update web1 parallel=0":              "`parallel=0`",
		"update web1 parallel=257":            "`parallel=257`",
		"update web1 parallel=many":           "`parallel=many`",
		"update web1 parallel=2 parallel=3":   "`parallel` is given twice",
		"update web1 timeout=999ms":           "`timeout=999ms`",
		"update web1 timeout=25h":             "`timeout=25h`",
		"update web1 timeout=10":              "`timeout=10`",
		"update web1 timeout=1m timeout=2m":   "`timeout` is given twice",
		"update web1 batch=0":                 "`batch=0`",
		"update web1 batch=0%":                "`batch=0%`",
		"update web1 batch=101%":              "`batch=101%`",
		"update web1 batch=01":                "`batch=01`",
		"update web1 batch=-1":                "`batch=-1`",
		"update web1 batch=10001":             "`batch=10001`",
		"update web1 batch=%":                 "`batch=%`",
		"update web1 batch=1 batch=1":         "`batch` is given twice",
		"update web1 canary=0":                "`canary=0`",
		"update web1 canary=10%":              "`canary=10%`",
		"update web1 canary=":                 "`canary=`",
		"update web1 canary=1 canary=2":       "`canary` is given twice",
		"update web1 max-failures=some":       "`max-failures=some`",
		"update web1 max-failures=1.5":        "`max-failures=1.5`",
		"update web1 max_failures=1":          "written `max-failures`",
		"update web1 preview=true canary=x":   "`canary=x`",
		"update web1 urgent=false":            "`urgent=true`, with a reason at the end",
		"update web1 urgent=true urgent=true": "`urgent` is given twice",
		"update web1 reason=why":              "because",
		"update web1 parallel=`x`":            "`parallel='x'`",
		"update web1 \x1b[2Jweb2":             "control character",
		"upd\x00ate web1":                     "control character",
		"update web1 service=a\u202eb":        "control character",
		"update web1 service=a\u2028b":        "control character",
		"update web1 service=\xff":            "UTF-8",
	} {
		t.Run(line, func(t *testing.T) {
			_, err := executor.ParseRequest(strings.Split(line, " "))
			if line == "" {
				_, err = executor.ParseRequest(nil)
			}
			refusal := refused(t, err)
			if refusal.Kind != executor.Usage || !strings.Contains(refusal.Text, named) {
				t.Fatalf("got %d %q, want it to name %q", refusal.Kind, refusal.Text, named)
			}
		})
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, line := range []string{
		"update web1 db1", "logs tag:prod !web2 service=nginx lines=10", "update all parallel=3 timeout=10m", "x batch=1 MAX-FAILURES=2",
		"=", "a =", "a b=c=d", "a Timeout=1h", "a \x00", "a \u2028=1", "a b=\xff", "É É=é", "a reason=x max_failures=1",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := executor.ParseRequest(strings.Split(line, " "))
		if err != nil {
			var refusal *executor.Refusal
			if !errors.As(err, &refusal) || refusal.Text == "" {
				t.Fatalf("%q: %v is not for a person", line, err)
			}
			return
		}
		words := append([]string{r.Action}, r.Selector...)
		for name, value := range r.Params {
			if action.Option(name) {
				t.Fatalf("%q: the option %s became a parameter", line, name)
			}
			words = append(words, name, value)
		}
		for _, word := range words {
			if !utf8.ValidString(word) || strings.ContainsFunc(word, unprintable) {
				t.Fatalf("%q: accepted %q", line, word)
			}
		}
		if again := r.Options.String(); again != "" {
			if same, err := executor.ParseRequest(append([]string{"x"}, strings.Fields(again)...)); err != nil || same.Options != r.Options {
				t.Fatalf("%q: the options %q read back as %v, %v", line, again, same.Options, err)
			}
		}
	})
}

func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}
