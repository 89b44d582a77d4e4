package action_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocsShowEveryBuiltin: docs/actions.md shows what each built-in action runs, byte for byte, or is written anew with
// -update.
func TestDocsShowEveryBuiltin(t *testing.T) {
	const file = "../../docs/actions.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, rest, ok := strings.Cut(string(text), " -update -->\n")
	_, end, closed := strings.Cut(rest, "<!-- end of renders -->\n")
	if !ok || !closed {
		t.Fatalf("%s has no place for the renders", file)
	}
	want := begin + " -update -->\n" + rendersForDocs(t) + "<!-- end of renders -->\n" + end
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is not what the actions run; -update writes it anew (-want +got):\n%s", file, diff)
	}
}

func rendersForDocs(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, builtin := range allBuiltins(t) {
		a := parse(t, string(builtin.YAML))
		fmt.Fprintf(&b, "\n### %s\n\n%s.\n", a.Name, a.Description)
		texts := rendered(t, a, nil)
		for _, platform := range slices.Sorted(maps.Keys(texts)) {
			if strings.HasSuffix(platform, "-preview") {
				continue
			}
			fence := "```\n" + texts[platform] + "\n```\n"
			if strings.Count(fence, "\n") > 12 { // folded away: a page that can be read
				fence = fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n</details>\n", platform, fence)
			} else {
				fence = platform + ":\n" + fence
			}
			b.WriteString("\n" + fence)
		}
	}
	return b.String() + "\n"
}
