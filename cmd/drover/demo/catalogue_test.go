package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"drover/executor/action"
)

// TestTheDemoPlaysEveryBuiltin: what its servers answer is what drover understands.
func TestTheDemoPlaysEveryBuiltin(t *testing.T) {
	h := fleet(t).Hosts[0]
	client, _, err := login(h, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	builtins, err := action.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range builtins {
		a, err := action.Parse(b.YAML)
		if err != nil {
			t.Fatal(err)
		}
		if a.Verify != action.VerifyNone {
			continue // it takes the server down: there is another test for that
		}
		raw := map[string]string{}
		if p, ok := a.Parameter("service"); ok && p.Default == nil {
			raw["service"] = "nginx"
		}
		values, err := a.Bind(raw)
		if err != nil {
			t.Fatal(err)
		}
		for name, render := range map[string]func(action.Platform, action.Values) (string, error){b.Name: a.Command, "preview " + b.Name: a.PreviewCommand} {
			text, err := render(action.Linux, values)
			if err != nil {
				continue // it has no preview
			}
			session, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			session.Stdout, session.Stderr = &stdout, &stderr
			if err := session.Run(text); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			o := a.Summarize(action.Output{Stdout: stdout.String(), Stderr: stderr.String(), Run: time.Second})
			if o.Failed || strings.Contains(o.Details+stdout.String(), "only plays") {
				t.Errorf("%s: %+v", name, o)
			}
			t.Logf("%s: %s", name, o.Summary)
		}
	}
}
