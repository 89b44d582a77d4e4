package slacksim

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestMarks(t *testing.T) {
	for text, want := range map[string][]string{
		"plain *bold* `code` :x:":                               nil,
		"<@U1> and <@U2|ann>":                                   {"user U1", "user U2"},
		"`<@U1>` ```<!channel>```":                              {"user U1", "broadcast channel"},
		"<!here|here> <!subteam^S1|@ops> <#C1|ops>":             {"broadcast here", "group S1", "channel C1"},
		"<!date^1^{date}|then> <https://a.example|click>":       {"date !date^1^{date}", "link https://a.example"},
		"see https://a.example/x, a@b.org or web1.example.com.": {"link https://a.example/x,", "link a@b.org", "link web1.example.com"},
		"@channel #ops":                                         nil,
		"&lt;@U1&gt; &lt;!channel&gt;":                          nil,
		"a < b > c <> <\n>":                                     {"link  b "},
	} {
		var got []string
		for _, m := range Marks(text, false) {
			got = append(got, m.Kind+" "+m.Target)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := Marks("https://a.example <@U1>", true); len(got) != 1 || got[0].Target != "U1" {
		t.Errorf("verbatim: %+v", got)
	}
}

func TestMarksOfAMessage(t *testing.T) {
	m := Message{Text: "https://hidden.example <@U1>", Blocks: json.RawMessage(`[
		{"type":"section","text":{"type":"mrkdwn","text":"<!channel> https://shown.example","verbatim":false}},
		{"type":"context","elements":[{"type":"mrkdwn","text":"https://not.example","verbatim":true},{"type":"plain_text","text":"<@U2>"}]},
		{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"<@U3> https://x.example"},{"type":"user","user_id":"U4"}]}]},
		{"type":"actions","elements":[{"type":"button","url":"https://button.example","text":{"type":"plain_text","text":"x"}}]}]`)}
	var got []string
	for _, mark := range m.Marks() {
		got = append(got, mark.Kind+" "+mark.Target)
	}
	want := []string{"user U1", "broadcast channel", "link https://shown.example", "user U4", "link https://button.example"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
