package action_test

import (
	"regexp"
	"testing"

	"drover/executor/action"
)

// The pings that Linux servers have, for real, against this machine itself.
func TestRealPing(t *testing.T) {
	t.Parallel()
	for _, tool := range []struct {
		name, command string
		version       []string
	}{
		{"iputils", "ping", []string{"ping", "-V"}},
		{"busybox", "busybox ping", []string{"busybox"}},
	} {
		t.Run(tool.name, func(t *testing.T) {
			t.Parallel()
			h := &host{t: t, shell: []string{"dash"}, dir: t.TempDir()}
			h.executable("bin/ping", "PATH=/usr/bin:/bin exec "+tool.command+` "$@"`)
			h.path = h.dir + "/bin"
			version := versionOf(t, tool.version...)
			out, o := h.perform("ping-internet", map[string]string{"host": "127.0.0.1"})
			if !regexp.MustCompile(`^3 of 3 answered · <?[0-9.]+ ms$`).MatchString(o.Summary) || o.Failed {
				t.Errorf("summary %q of %+v", o.Summary, out)
			}
			out.Stdout = regexp.MustCompile(`\d+(\.\d+)? ?ms|\d+\.\d+/[0-9./]+ ms`).ReplaceAllStringFunc(out.Stdout, func(found string) string {
				return regexp.MustCompile(`[0-9.]+`).ReplaceAllString(found, "12.3")
			})
			recorded(t, action.ResultPing, tool.name, version, "answered", out)
		})
	}
}

// ping-main finds drover's host by the connection, unless it is told another one.
func TestPingMainFindsDrover(t *testing.T) {
	t.Parallel()
	h := &host{t: t, shell: []string{"dash"}, dir: t.TempDir()}
	h.executable("bin/ping", `printf '%s\n' "$*" >>"$FAKE/log"; echo "3 packets transmitted, 3 received, 0% packet loss, time 2003ms"`)
	h.path = h.dir + "/bin:/usr/bin:/bin"
	_, text := h.render("ping-main", nil, (*action.Action).Command)
	h.run("SSH_CONNECTION='192.0.2.1 50022 192.0.2.2 22' " + text)
	h.want("the call", "-n -c 3 -- 192.0.2.1\n", h.read("log"))
	_, text = h.render("ping-main", map[string]string{"host": "drover.example.com"}, (*action.Action).Command)
	h.run("SSH_CONNECTION='192.0.2.1 50022 192.0.2.2 22' " + text)
	h.want("the calls", "-n -c 3 -- 192.0.2.1\n-n -c 3 -- drover.example.com\n", h.read("log"))
	_, o := h.perform("ping-main", nil)
	h.wantSummary(o, "this server does not say where drover connects from; give host=… or set main-host")
}
