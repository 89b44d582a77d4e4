package bot

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// sent is what Slack delivers, and what the person typed.
var sent = map[string]struct{ text, typed string }{
	"plain":                {`update web1 db1`, `update web1 db1`},
	"spaces around":        {"  update   web1 ", `update   web1`},
	"curly quotes":         {`logs service=“my app”`, `logs service="my app"`},
	"curly apostrophes":    {`logs service=‘my app’`, `logs service='my app'`},
	"low quotes":           {`logs service=„my app“ unit=‚x‘`, `logs service="my app" unit='x'`},
	"em dash":              {`logs —lines`, `logs --lines`},
	"en dash and hyphens":  {`web–1 web‐1 web‑1 web−1`, `web-1 web-1 web-1 web-1`},
	"no-break spaces":      {"update\u00a0web1\u202fdb1\u2007x\u3000y", `update web1 db1 x y`},
	"link with a label":    {`show <http://web1.example.com|web1.example.com>`, `show web1.example.com`},
	"link without a label": {`show <https://web1.example.com>`, `show web1.example.com`},
	"mail":                 {`show <mailto:a@b|a@b> <mailto:a@b>`, `show a@b a@b`},
	"person with a name":   {`can <@U1|ann> update`, `can @U1 update`},
	"person":               {`can <@U1> update`, `can @U1 update`},
	"channel":              {`here <#C1|ops> <#C2|>`, `here #C1 #C2`},
	"group":                {`user <!subteam^S1|@ops> <!subteam^S1>`, `user group:S1 group:S1`},
	"everybody":            {`because <!here> <!channel|channel>`, `because @here @channel`},
	"entities":             {`because a &lt; b &amp;&amp; c &gt; d`, `because a < b && c > d`},
	"escaped twice":        {`because &amp;lt;b&amp;gt; &amp;amp;`, `because &lt;b&gt; &amp;`},
	"typed markup":         {`because &lt;@U1&gt; &lt;!channel&gt;`, `because <@U1> <!channel>`},
	"escaped in a link":    {`show <http://a.example/?x=1&amp;y=2|a.example/?x=1&amp;y=2>`, `show a.example/?x=1&y=2`},
	"broken markup":        {`a <b c> d < e <> f>`, `a b c d < e  f>`},
	"newlines":             {"update web1\r\nbecause\u2028patch\u2029day\tnow", `update web1  because patch day now`},
	"zero width":           {"upd\u200bate we\ufeffb1 \u200ddb1\u2060", `update web1 db1`},
	"direction marks":      {"update \u200eweb1\u200f because \u202edesrever\u202c \u2066x\u2069 \u061c", `update web1 because desrever x`},
	"soft hyphen":          {"up\u00addate", `update`},
	"control characters":   {"up\x00date\x1b web1\x7f", `update web1`},
	"not UTF-8":            {"update \xff\xfeweb1", `update web1`},
	"right to left":        {`because שלום عالم`, `because שלום عالم`},
	"emoji":                {`because 🚀 :rocket:`, `because 🚀 :rocket:`},
	"nothing":              {" \n\u200b ", ``},
}

func TestNormalize(t *testing.T) {
	for name, c := range sent {
		t.Run(name, func(t *testing.T) {
			if got := normalize(c.text); got != c.typed {
				t.Errorf("%q becomes %q, want %q", c.text, got, c.typed)
			}
		})
	}
}

// What is left after normalising is one line of valid text that shows everything it holds; and a person who types
// Slack's own special characters gets them back.
func FuzzNormalize(f *testing.F) {
	for _, c := range sent {
		f.Add(c.text)
	}
	f.Add("<<@U1>>")
	f.Add("<|>&amp;amp;lt;")
	f.Add("\u2028<\n|\n>")
	f.Fuzz(func(t *testing.T, text string) {
		checkLine(t, normalize(text))
		typed := escape(text)
		if got, want := normalize(typed), normalize(strings.NewReplacer("<", "", ">", "", "&", "").Replace(text)); withoutSpecials(got) != want && fenceless(text) {
			t.Errorf("%q, as Slack sends it, becomes %q", text, got)
		}
	})
}

func checkLine(t *testing.T, line string) {
	t.Helper()
	if !utf8.ValidString(line) {
		t.Errorf("%q is not valid UTF-8", line)
	}
	if i := strings.IndexFunc(line, invisible); i >= 0 {
		t.Errorf("%q holds what does not show, at %d", line, i)
	}
	if line != strings.TrimSpace(line) {
		t.Errorf("%q has spaces around it", line)
	}
}

// invisible are line breaks, control characters and the format characters that turn text or hide in it.
func invisible(r rune) bool {
	return r != ' ' && (unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// The characters <, > and & themselves may separate what is trimmed or joined, so they are compared without them.
func withoutSpecials(text string) string {
	return strings.TrimSpace(strings.NewReplacer("<", "", ">", "", "&", "").Replace(text))
}

// fenceless: escape changes code fences, which nobody types in a command.
func fenceless(text string) bool { return !strings.Contains(text, "`") && utf8.ValidString(text) }

// Text from elsewhere can neither mention, link, open or close a code block, nor turn the direction of what follows.
func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"<!channel> & <@U1>":  "&lt;!channel&gt; &amp; &lt;@U1&gt;",
		"&lt;":                "&amp;lt;",
		"a `b` c":             "a `b` c",
		"a ```b``` c":         "a '''b''' c",
		"a ````b":             "a '''`b",
		"a ` b":               "a ' b",
		"a ``` b":             "a ''' b",
		"we\u200bb1\x1b[31m":  "web1[31m",
		"👩\u200d🚒 \u200c":     "👩\u200d🚒 \u200c",
		"\u202edesrever":      "desrever",
		"\u2066x\u2069\u200f": "x",
		"שלום":                "שלום",
	} {
		if got := escape(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestWhatCannotBeSeenIsSpelledOut(t *testing.T) {
	for text, want := range map[string]string{
		"rm -rf /tmp/x\n\tnext":     "rm -rf /tmp/x\n\tnext",
		"echo \u202e/ fr- mr\u202c": `echo \u202e/ fr- mr\u202c`,
		"we\u200bb1\r\x1b[31m":      `we\u200bb1\u000d\u001b[31m`,
		"👩\u200d🚒":                  "👩\u200d🚒",
	} {
		if got := spelled(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got, want := fenced("a ``` <!channel> ` b"), "```a `\u200b`\u200b` &lt;!channel&gt; ` b```"; got != want {
		t.Errorf("fenced is %q, want %q", got, want)
	}
}

func TestCodeCannotBeLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := code(rapid.String().Draw(t, "word"))
		inside := got[1 : len(got)-1]
		if got[0] != '`' || got[len(got)-1] != '`' || strings.ContainsAny(inside, "`<>") {
			t.Fatalf("code is %q", got)
		}
	})
}

func TestClip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, limit := rapid.String().Draw(t, "text"), rapid.IntRange(1, 50).Draw(t, "limit")
		got := []rune(clip(text, limit))
		if len(got) > limit {
			t.Fatalf("%q has more than %d characters", string(got), limit)
		}
		if whole := []rune(text); len(whole) <= limit && string(got) != text {
			t.Fatalf("%q was cut for nothing", text)
		}
	})
}
