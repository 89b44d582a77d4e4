package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What each package may import of ours. What is not listed may import nothing of ours.
var arrows = map[string][]string{
	"drover/cmd":       {"drover/cmd", "drover/bot", "drover/scheduler", "drover/executor", "drover/store"},
	"drover/bot":       {"drover/executor", "drover/executor/action", "drover/store"},
	"drover/scheduler": {"drover/executor", "drover/store"},
	"drover/executor":  {"drover/executor/action", "drover/executor/ssh", "drover/store"},
}

// The sims are part of the demo, so they must not pull test code into the binary.
var noTesting = []string{"drover/bot/slacksim", "drover/executor/sshtest"}

func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "drover/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		seen++
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, imported := range strings.Fields(imports) {
			if strings.HasPrefix(imported, "drover/") && !allowed(pkg, imported) {
				t.Errorf("%s imports %s: no arrow goes there (docs/architecture.md)", pkg, imported)
			}
			if imported == "testing" && under(pkg, noTesting) {
				t.Errorf("%s imports testing: it is part of the binary", pkg)
			}
		}
	}
	if seen < 8 {
		t.Fatalf("only %d packages were looked at", seen)
	}
}

func allowed(pkg, imported string) bool {
	if strings.HasPrefix(pkg, "drover/cmd/") {
		return under(imported, arrows["drover/cmd"])
	}
	for _, to := range arrows[pkg] {
		if imported == to {
			return true
		}
	}
	return false
}

func under(pkg string, roots []string) bool {
	for _, root := range roots {
		if pkg == root || strings.HasPrefix(pkg, root+"/") {
			return true
		}
	}
	return false
}
