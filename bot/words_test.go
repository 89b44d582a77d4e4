package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		text   string
		words  []string
		reason string
	}{
		{``, nil, ""},
		{`   `, nil, ""},
		{`update web1 db1`, []string{"update", "web1", "db1"}, ""},
		{`update   web1   !db1`, []string{"update", "web1", "!db1"}, ""},
		{`update web1 because patch day`, []string{"update", "web1"}, "patch day"},
		{`update web1 BECAUSE  patch  day `, []string{"update", "web1"}, "patch  day"},
		{`update web1 because`, []string{"update", "web1"}, ""},
		{`update web1 because it's "odd`, []string{"update", "web1"}, `it's "odd`},
		{`update web1 because x because y`, []string{"update", "web1"}, "x because y"},
		{`update web1 because name=value`, []string{"update", "web1"}, "name=value"},
		{`because web1`, []string{"because", "web1"}, ""},
		{`update becauses web1`, []string{"update", "becauses", "web1"}, ""},
		{`logs web1 service="my app" lines=5`, []string{"logs", "web1", "service=my app", "lines=5"}, ""},
		{`logs web1 service='my "app"'`, []string{"logs", "web1", `service=my "app"`}, ""},
		{`logs "web1" because x`, []string{"logs", "web1"}, "x"},
		{`logs service=""`, []string{"logs", "service="}, ""},
		{`logs service=a=b`, []string{"logs", "service=a=b"}, ""},
		{`logs don't web1`, []string{"logs", "don't", "web1"}, ""},
		{`logs service=it's`, []string{"logs", "service=it's"}, ""},
	} {
		words, reason, err := splitWords(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if diff := cmp.Diff(c.words, words); diff != "" || reason != c.reason {
			t.Errorf("%q has the reason %q, want %q, and words (-want +got):\n%s", c.text, reason, c.reason, diff)
		}
	}
}

func TestSplitWordsRefusesAnOpenQuote(t *testing.T) {
	for _, text := range []string{`logs "web1`, `logs service="my app`, `logs 'x" because y`, `"`, `logs a='`} {
		if words, _, err := splitWords(text); !errors.Is(err, errQuote) {
			t.Errorf("%q: got %q and %v", text, words, err)
		}
	}
}

// No word and no reason ever holds a line break, a text without quotes is split at its spaces and nowhere else, and a
// reason takes nothing from the words before it.
func FuzzSplitWords(f *testing.F) {
	for _, c := range sent {
		f.Add(c.text)
	}
	f.Add(`update web1 because it's “patch day”`)
	f.Add(`logs web1 service="a b" because = "`)
	f.Add(`because because because`)
	f.Add(`= =" ='x'y`)
	f.Fuzz(func(t *testing.T, text string) {
		text = normalize(text)
		words, reason, err := splitWords(text)
		if err != nil {
			if !strings.ContainsAny(text, `"'`) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, word := range append(slices.Clone(words), reason) {
			if i := strings.IndexFunc(word, invisible); i >= 0 {
				t.Errorf("%q holds what does not show", word)
			}
		}
		fields := strings.Fields(text)
		end, isBecause := len(fields), func(word string) bool { return strings.EqualFold(word, "because") }
		if len(fields) > 0 {
			if at := slices.IndexFunc(fields[1:], isBecause); at >= 0 {
				end = 1 + at
			}
		}
		if !strings.ContainsAny(text, `"'`) && (!slices.Equal(words, fields[:end]) || !strings.HasSuffix(text, reason)) {
			t.Errorf("%q becomes %q and %q", text, words, reason)
		}
		if len(words) == 0 || strings.Contains(strings.ToLower(strings.ReplaceAll(text, "ſ", "s")), "because") {
			return
		}
		again, because, err := splitWords(text + ` because it's "so`)
		if err != nil || !slices.Equal(again, words) || because != `it's "so` {
			t.Errorf("%q with a reason becomes %q, %q, %v", text, again, because, err)
		}
	})
}
