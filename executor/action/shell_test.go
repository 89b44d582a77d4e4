package action_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"drover/executor/action"

	"pgregory.net/rapid"
)

// shells are the three that /bin/sh is in practice: Debian's, Red Hat's and Alpine's.
var shells = [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}}

// inShell runs the text of a command the way a server with that shell as /bin/sh would, and returns its standard output.
func inShell(t rapid.TB, shell []string, dir, text string) string {
	t.Helper()
	if script, ok := strings.CutPrefix(text, "/bin/sh -c "); ok { // the inner shell too
		text = strings.Join(shell, " ") + " -c " + script
	}
	cmd := exec.Command(shell[0], append(shell[1:], "-c", text)...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", shell[0], err, stderr.String(), text)
	}
	return stdout.String()
}

// hostile draws values of pieces that a shell would act on if it ever saw them as syntax. canary is the file that one of
// them would make.
func hostile(canary string) *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"$(touch " + canary + ")", "`touch " + canary + "`", "; touch " + canary + ";", "& touch " + canary + "&",
			"| touch " + canary, "&& touch " + canary, "> " + canary, "'", "\"", "\\", "''", "\"\"", "' '", "$", "${", "$v",
			"$1", "${IFS}", "*", "?", "[a-z]", "~", "~root", "{a,b}", "!", "#", "=", "A=b", "(", ")", "<", " ", "  ", "--",
			"{{v}}", "{{w}}", "drover", "/", ".", "é", "日本", "%s", "%n", "x",
		}),
		rapid.StringN(0, 4, 16),
	)
	return rapid.Map(rapid.SliceOfN(piece, 1, 8), func(pieces []string) string { return strings.Join(pieces, "") })
}

const bothForms = `name: demo
parameters:
  - {name: v, type: string, leading_dash: true, default: ""}
  - {name: w, type: string, leading_dash: true, default: ""}
run:
  linux: [/usr/bin/printf, '<%s>\n', "{{v}}", "a{{w}}b{{v}}", "{{v}}{{v}}"]
preview:
  linux: |
    printf '<%s>\n' "$v" "a${w}b$v" "$v$v"
`

// Whatever Bind takes reaches the command as exactly one argument, in both forms and in every shell, and nothing else
// happens.
func TestValuesStayOneArgument(t *testing.T) {
	a := parse(t, bothForms)
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary")
	values := hostile(canary)
	rapid.Check(t, func(t *rapid.T) {
		raw := map[string]string{"v": values.Draw(t, "v"), "w": values.Draw(t, "w")}
		bound, err := a.Bind(raw)
		if err != nil {
			t.Skip("not a value") // a control character or an unassigned rune that Bind refuses
		}
		v, w := bound["v"], bound["w"]
		want := "<" + v + ">\n<a" + w + "b" + v + ">\n<" + v + v + ">\n"
		for _, render := range []func(action.Platform, action.Values) (string, error){a.Command, a.PreviewCommand} {
			text, err := render(action.Linux, bound)
			if err != nil {
				t.Fatal(err)
			}
			for _, shell := range shells {
				if got := inShell(t, shell, dir, text); got != want {
					t.Fatalf("%s got %q, want %q from\n%s", shell[0], got, want, text)
				}
			}
		}
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Fatalf("a value made the file %s", files[0].Name())
		}
	})
}

// What Lint allows stays harmless when it runs with a hostile value; this is what its list of refusals is for.
func TestAllowedScriptsAreHarmless(t *testing.T) {
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary")
	values := action.Values{"mode": "a[$(touch " + canary + ")]", "name": "$(touch " + canary + "); touch " + canary + " `touch " + canary + "` *"}
	for _, script := range allowed {
		if strings.HasPrefix(script, "sudo") || strings.HasPrefix(script, "docker") || strings.HasPrefix(script, "systemctl") {
			continue // not a matter of the shell, and not for the machine that runs the test
		}
		a := parse(t, "name: demo\nparameters:\n  - {name: name, type: string}\n  - {name: mode, type: string}\nrun:\n  linux: |\n    : \"$name\" \"$mode\"\n    "+
			strings.ReplaceAll(script, "\n", "\n    ")+"\n    true\n")
		text, err := a.Command(action.Linux, values)
		if err != nil {
			t.Fatal(err)
		}
		for _, shell := range shells {
			inShell(t, shell, dir, text)
		}
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Fatalf("%s made the file %s", script, files[0].Name())
		}
	}
}
