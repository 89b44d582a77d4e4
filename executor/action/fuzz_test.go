package action_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"drover/executor/action"
)

// Parse neither panics nor lets through an action that cannot be rendered from its own defaults.
func FuzzParse(f *testing.F) {
	builtins, err := action.Builtins()
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range builtins {
		f.Add(b.YAML)
	}
	for _, seed := range []string{restartApp, everyType, everyPlatform, bothForms, "", "a: [", "a: &x [*x]", "? {}\n: -", "- - -", "!!binary x", "run: {linux: [\"{{p}}\"]}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, yaml []byte) {
		a, err := action.Parse(yaml)
		if err != nil {
			var problems *action.ParseError
			if !errors.As(err, &problems) || err.Error() == "" {
				t.Fatalf("Parse gave %v, want a *ParseError", err)
			}
			return
		}
		raw := map[string]string{}
		for _, p := range a.Parameters {
			if p.Default == nil {
				return // nothing valid to give is known
			}
		}
		values, err := a.Bind(raw)
		if err != nil {
			t.Fatalf("the defaults do not bind: %v", err)
		}
		for platform := range a.Run {
			var needs *action.PlatformError
			if _, err := a.Command(platform, values); err != nil && !errors.As(err, &needs) {
				t.Fatalf("the defaults do not render on %s: %v", platform, err)
			}
		}
	})
}

// Whatever Bind takes is one safe line.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{"nginx", "-rf", "a\x00b", "a\nb", "\xff", "--", "007", "-0", "yes", "soft", "", "é", "\u202e", strings.Repeat("x", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		a := parse(t, everyType)
		for _, p := range a.Parameters {
			raw := map[string]string{"service": "nginx"}
			raw[p.Name] = value
			values, err := a.Bind(raw)
			if err != nil {
				var refused *action.ParameterError
				if !errors.As(err, &refused) || refused.Parameter != p.Name || strings.Contains(err.Error(), "\n") {
					t.Fatalf("Bind gave %v, want one *ParameterError about %s", err, p.Name)
				}
				continue
			}
			safe(t, p, values[p.Name])
			if _, err := a.Command(action.Linux, values); err != nil {
				t.Fatalf("bound, but not rendered: %v", err)
			}
		}
	})
}

func safe(t *testing.T, p action.Parameter, value string) {
	t.Helper()
	switch {
	case !utf8.ValidString(value):
		t.Errorf("%s took invalid UTF-8: %q", p.Name, value)
	case strings.IndexFunc(value, unicode.IsControl) >= 0:
		t.Errorf("%s took a control character: %q", p.Name, value)
	case strings.HasPrefix(value, "-") && !p.LeadingDash:
		t.Errorf("%s took a leading dash: %q", p.Name, value)
	case utf8.RuneCountInString(value) > p.MaxLength:
		t.Errorf("%s took %d characters", p.Name, utf8.RuneCountInString(value))
	}
}

// Summarize takes whatever a server prints and gives one line. What real tools have said is where it begins.
func FuzzSummarize(f *testing.F) {
	for _, seed := range []string{
		"", "@@drover result\n", "@@drover result", "@@drover result\n@@drover os\nNAME=$(reboot)\nVERSION_ID=$((1/0))\nNAME=${x:?}\n",
		"@@drover result\n@@drover changed a - 2\n@@drover changed b 1 -\n@@drover end\n@@drover changed \x1b[31m 1 2",
		"@@drover result\n@@drover memory\nMemTotal: 9 kB\nMemAvailable: 10 kB\n@@drover disk\n1 2 3 4 5% /\n@@drover uptime\n-Inf\n",
		"@@drover result\n@@drover kernel -a .a\n@@drover after\nId\nId=\nNRestarts=x\n@@drover end\n", "drover: \n", "% \n",
		"@@drover result\n@@drover space\n/dev/x 9223372036854775807 1 -1 100% /\n@@drover end\n", "sent=9999999999999999999 received=1\n",
		"free-hdd-space: 9EiB\ntotal-hdd-space: 9EiB\nversion: 1\nboard-name: x\n",
	} {
		f.Add(seed, 0, false)
		f.Add(seed, 100, false)
	}
	recordings, err := filepath.Glob("testdata/outputs/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range recordings {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), 0, strings.Contains(file, "ios"))
	}
	var actions []*action.Action
	for _, result := range []string{"text", "timing", "status", "packages", "ping", "disk", "units", "service"} {
		actions = append(actions, parse(f, "name: a\nresult: "+result+"\nrun:\n  linux: [id]\n"))
	}
	f.Fuzz(func(t *testing.T, stdout string, code int, device bool) {
		for _, a := range actions {
			o := a.Summarize(action.Output{Stdout: stdout, Stderr: stdout, ExitCode: code, Device: device})
			switch {
			case o.Summary == "" || strings.ContainsAny(o.Summary, "\n\r"):
				t.Errorf("%s: summary %q", a.Result, o.Summary)
			case code != 0 && code != action.NoExitCode && !o.Failed:
				t.Errorf("%s: exit %d is not a failure", a.Result, code)
			case o.Failed != (o.Reason != ""):
				t.Errorf("%s: failed %t, reason %q", a.Result, o.Failed, o.Reason)
			}
		}
	})
}
