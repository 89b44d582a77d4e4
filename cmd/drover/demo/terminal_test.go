package demo

import "testing"

// What Slack would show in bold is plain, and what somebody may copy stays as it is.
func TestUnmark(t *testing.T) {
	terminal := &terminal{names: map[string]string{"U1": "ann"}}
	for text, want := range map[string]string{
		"*update* on `web1` *succeeded*":                         "update on web1 succeeded",
		"`web*` · `cron 0 2 * * *` and *bold words*, *more*":     "web* · cron 0 2 * * * and bold words, more",
		"for d in /proc/[0-9]*/stat; do a*b; done ) continue ;;": "for d in /proc/[0-9]*/stat; do a*b; done ) continue ;;",
		":raised_hand: <@U1> &lt;x&gt;":                          "✋ @ann <x>",
	} {
		if got := terminal.unmark(text); got != want {
			t.Errorf("%q is shown as %q, not as %q", text, got, want)
		}
	}
}
