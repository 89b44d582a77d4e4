package action_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"drover/executor/action"
)

// machineWithSystemd is a real systemd with a real journal, in namespaces of its own: it manages nothing but these units,
// and dies with the command that is run beside it. It is the manager of a user, which needs no machine of its own.
func machineWithSystemd(t *testing.T, units map[string]string) *host {
	t.Helper()
	// A container may forbid namespaces even to root.
	if out, err := exec.Command("unshare", "--mount", "--cgroup", "--pid", "--fork", "--mount-proc", "true").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a systemd of its own needs root and namespaces: %v: %s", err, out)
		}
		t.Skipf("a systemd of its own needs root and namespaces: %v: %s", err, out)
	}
	h := &host{t: t, shell: []string{"dash"}, dir: t.TempDir()}
	h.executable("bin/systemctl", `exec /usr/bin/systemctl --user "$@"`)
	h.path = h.dir + "/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	h.executable("units/.keep", "")
	for name, text := range units {
		h.write("units/"+name, text)
	}
	h.executable("machine", `
for mount in $(awk '$2 ~ "^/sys/fs/cgroup" { print $2 }' /proc/mounts | sort -r); do umount "$mount"; done
mount -t cgroup2 none /sys/fs/cgroup && mkdir -p "/sys/fs/cgroup/drover-test-$1" && echo 0 >"/sys/fs/cgroup/drover-test-$1/cgroup.procs"
mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/systemd/journal /run/log/journal /run/user /run/config/systemd
cp -r "$FAKE/units" /run/config/systemd/user
export XDG_RUNTIME_DIR=/run/user XDG_CONFIG_HOME=/run/config HOME=/nonexistent
/usr/lib/systemd/systemd-journald >/dev/null 2>&1 &
until [ -S /run/systemd/journal/stdout ]; do sleep 0.1; done
/usr/lib/systemd/systemd --user >/dev/null 2>&1 &
until systemctl list-units >/dev/null 2>&1; do sleep 0.1; done
sh -c "$2"
`)
	return h
}

// inMachine runs a command line beside systemd.
func (h *host) inMachine(text string) action.Output {
	h.t.Helper()
	h.write("text", text)
	return h.run(`exec timeout -k 1 60 unshare --mount --cgroup --pid --fork --kill-child --mount-proc sh "$FAKE/machine" $$ "$(cat "$FAKE/text")"`)
}

// units are services of every kind. What has ended before the journal can look at it loses its name there: bad stays for
// a moment.
var units = map[string]string{
	"good.service":   "[Service]\nExecStart=/bin/sh -c 'echo hello; exec sleep 1000'\n",
	"bad.service":    "[Service]\nExecStart=/bin/sh -c 'echo starting; echo boom >&2; sleep 0.3; exit 3'\n",
	"flap.service":   "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nExecStart=/bin/sh -c 'sleep 0.2; exit 3'\n",
	"once.service":   "[Service]\nType=oneshot\nExecStart=/bin/true\n",
	"deaf.service":   "[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000\n",
	"needy.service":  "[Unit]\nRequires=missing.service\nAfter=missing.service\n[Service]\nExecStart=/bin/sleep 1000\n",
	"end.service":    "[Unit]\nSuccessAction=exit-force\n[Service]\nType=oneshot\nExecStart=/bin/true\n",
	"gone.target":    "[Unit]\nDescription=takes the server down\n",
	"broken.service": "[Service]\nType=simple\n",
}

func TestRealRestartService(t *testing.T) {
	t.Parallel()
	tests := []struct {
		service, before string
		want            string
		failed          bool
	}{
		{"good", "true", "good active since TIME (before: inactive)", false},
		{"good.service", "systemctl start good", "good active since TIME (before: active since TIME)", false},
		{"once", "true", "once ran and ended well", false},
		{"bad", "true", "bad failed: exit code 3", true},
		{"flap", "true", "flap crashes again and again: N times within seconds", true},
		{"deaf", "true", "deaf failed: timeout", true},
		{"needy", "systemctl start good", "Failed to restart needy.service: Unit missing.service not found.", true},
		{"nothing", "true", "there is no nothing.service on this server; nothing was done", true},
		{"gone.target", "true", "gone.target is no service that can be restarted; nothing was done", true},
		{"end", "true", "end.service is no service that can be restarted; nothing was done", true},
		{"broken", "true", "broken.service cannot be loaded: systemctl status says why; nothing was done", true},
	}
	for _, tt := range tests {
		t.Run(tt.service, func(t *testing.T) {
			t.Parallel()
			h := machineWithSystemd(t, units)
			a, text := h.render("restart-service", map[string]string{"service": tt.service}, (*action.Action).Command)
			out := h.inMachine(tt.before + "\n" + text)
			o := a.Summarize(out)
			if tt.service != "flap" { // which is found at any point of its circle
				h.recordSystemd(action.ResultService, tt.service, out)
			}
			summary := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+`).ReplaceAllString(o.Summary, "TIME")
			summary = regexp.MustCompile(`\d+ times`).ReplaceAllString(summary, "N times")
			h.want("summary", tt.want, summary)
			if o.Failed != tt.failed || o.Failed != (o.Reason != "") {
				t.Errorf("failed %t, reason %q, exit %d\n%s%s", o.Failed, o.Reason, out.ExitCode, out.Stdout, out.Stderr)
			}
		})
	}
}

// A preview of a restart only looks.
func TestRealRestartServicePreview(t *testing.T) {
	t.Parallel()
	h := machineWithSystemd(t, units)
	a, text := h.render("restart-service", map[string]string{"service": "good"}, (*action.Action).PreviewCommand)
	out := h.inMachine("systemctl start good; systemctl show -p MainPID good >&2; " + text + "\nsystemctl show -p MainPID good >&2")
	if o := a.Summarize(out); !regexp.MustCompile(`^good active since \S+ \S+ \w+ · would be restarted$`).MatchString(o.Summary) || o.Failed {
		t.Errorf("summary %q", o.Summary)
	}
	if pids := strings.Fields(out.Stderr); len(pids) != 2 || pids[0] != pids[1] || pids[0] == "MainPID=0" {
		t.Errorf("its process was %s", pids)
	}
}

func TestRealFailedUnitsAndLogs(t *testing.T) {
	t.Parallel()
	h := machineWithSystemd(t, units)
	a, text := h.render("failed-units", nil, (*action.Action).Command)
	h.wantSummary(a.Summarize(h.inMachine(text)), "none failed")
	out := h.inMachine("systemctl start bad; systemctl start deaf 2>/dev/null; until systemctl is-failed -q bad && systemctl is-failed -q deaf; do sleep 0.1; done\n" + text)
	h.wantSummary(a.Summarize(out), "2 failed: bad, deaf")
	h.recordSystemd(action.ResultUnits, "failed", out)

	logs := func(service string) (action.Output, action.Outcome) {
		a, text := h.render("logs", map[string]string{"service": service}, (*action.Action).Command)
		out := h.inMachine("systemctl start bad; until journalctl -q -u bad | grep -q boom; do sleep 0.1; done\n" + text)
		return out, a.Summarize(out)
	}
	if _, o := logs("bad"); o.Failed || !strings.HasSuffix(o.Summary, ": boom") || !strings.Contains(o.Details, ": starting\n") {
		t.Errorf("logs of bad: %+v", o)
	}
	_, o := logs("once")
	h.wantSummary(o, "once.service has written nothing")
	_, o = logs("nothing")
	h.wantSummary(o, "there is no nothing.service on this server")
}

func (h *host) recordSystemd(result, name string, out action.Output) {
	h.t.Helper()
	recorded(h.t, result, "systemd", versionOf(h.t, "/usr/bin/systemctl", "--version"), name, action.Output{
		ExitCode: out.ExitCode, Stdout: momentless(out.Stdout), Stderr: momentless(out.Stderr),
	})
}

// momentless takes out of an output what differs each time. A moment later than another stays one.
func momentless(text string) string {
	text = regexp.MustCompile(`\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+`).ReplaceAllString(text, "Wed 2026-11-25 22:16:42 UTC")
	text = regexp.MustCompile(`\d{4}-\d\d-\d\dT\S+ \S+ `).ReplaceAllString(text, "2026-11-25T22:16:42+0000 web1 ")
	text = regexp.MustCompile(`\[\d+\]|MainPID=[1-9]\d*|NRestarts=[1-9]\d*`).ReplaceAllStringFunc(text, func(found string) string {
		return regexp.MustCompile(`\d+`).ReplaceAllString(found, "47")
	})
	moment := 0
	return regexp.MustCompile(`Monotonic=[1-9]\d*`).ReplaceAllStringFunc(text, func(string) string {
		moment++
		return fmt.Sprintf("Monotonic=%d000000", moment)
	})
}
