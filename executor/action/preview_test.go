package action_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"drover/executor/action"
)

func TestAPreviewHasNoRights(t *testing.T) {
	a, err := action.Parse([]byte("name: a\nrole: operator\napprovals: 2\nsudo: true\ndetach: true\nresult: packages\nparameters:\n  - {name: p, type: bool, default: false}\n" +
		"run:\n  linux: [reboot, '{{p}}']\n  ios: [reload, '{{p}}']\npreview:\n  linux: [uptime]\n"))
	if err != nil {
		t.Fatal(err)
	}
	a.Verify = action.VerifyRebooted
	p := a.AsPreview()
	if p.Role != action.RoleViewer || p.Approvals != 0 || p.Sudo || p.Detach || p.Changes || p.Verify != action.VerifyNone {
		t.Errorf("it is %+v", p)
	}
	if p.Name != a.Name || p.Result != a.Result || len(p.Parameters) != 1 || p.Timeout != a.Timeout {
		t.Errorf("it is another action: %+v", p)
	}
	values, err := a.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Command(action.Linux, values); got != "uptime" || err != nil {
		t.Errorf("it runs %q, %v", got, err)
	}
	_, err = p.Command(action.IOS, values)
	var none *action.PlatformError
	if !errors.As(err, &none) || none.Reason != "a has no preview for ios" {
		t.Errorf("without a preview for the platform: %v", err)
	}
	if !a.Sudo || !a.Changes || a.Role != action.RoleOperator || len(a.Run) != 2 {
		t.Errorf("the action itself was changed: %+v", a)
	}
}

// TestPreviewsThatWouldChangeSomething are refused.
func TestPreviewsThatWouldChangeSomething(t *testing.T) {
	rights := func(name string) string { return name + " is not allowed: a preview runs without root's rights" }
	const file = "must not write to a file: a preview changes nothing"
	for script, want := range map[string]string{
		"sudo apt-get -s upgrade":                  rights("sudo"),
		"sudo -n id":                               rights("sudo"),
		"/usr/bin/sudo id":                         rights("sudo"),
		"'su'do id":                                rights("sudo"),
		"doas id":                                  rights("doas"),
		"su - root -c id":                          rights("su"),
		"pkexec id":                                rights("pkexec"),
		"run0 id":                                  rights("run0"),
		"runuser -u root id":                       rights("runuser"),
		"if true; then x=$(sudo id); fi":           rights("sudo"),
		"env A=b sudo id":                          rights("sudo"),
		"LC_ALL=C nice -n 5 timeout 5 sudo id":     rights("sudo"),
		"exec sudo id":                             rights("sudo"),
		"command sudo id":                          rights("sudo"),
		"ls | xargs -n 1 sudo id":                  rights("sudo"),
		"find / -exec sudo id {} +":                rights("sudo"),
		"sh -c 'id; sudo id'":                      rights("sudo"),
		`awk 'BEGIN { system("sudo id") }'`:        rights("sudo"),
		"ssh root@localhost sudo id":               rights("sudo"),
		"echo x > /etc/motd":                       file,
		"echo x >> /etc/motd":                      file,
		"echo x >| /etc/motd":                      file,
		"cat <> /etc/motd":                         file,
		"f=/dev/null; echo x > \"$f\"":             file,
		"{ echo x; } 2>/tmp/errors":                file,
		"echo x":                                   "",
		"echo 'run it with sudo' >&2":              "",
		"command -v sudo >/dev/null 2>&1":          "",
		"getent group sudo":                        "",
		"id 2>&1 | grep -w sudo":                   "",
		"cat </etc/motd; cat <<EOF\nsudo > x\nEOF": "",
		"x=$(apt-get -s upgrade 2>/dev/null) || :": "",
	} {
		_, err := action.Parse([]byte("name: a\nrun:\n  linux: [reboot]\npreview:\n  linux: |\n    " + strings.ReplaceAll(script, "\n", "\n    ") + "\n"))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want != "" {
			want = "line 6: preview.linux: " + want
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", script, got, want)
		}
	}
}

func TestPreviewsInListForm(t *testing.T) {
	for argv, want := range map[string]string{
		"[sudo, id]":          "line 5: preview.linux: sudo is not allowed: a preview runs without root's rights",
		"[env, A=b, doas, x]": "line 5: preview.linux: doas is not allowed: a preview runs without root's rights",
		"[reboot, --now]":     "line 5: preview.linux: is what run does, and a preview changes nothing",
		"[uptime]":            "",
	} {
		_, err := action.Parse([]byte(fmt.Sprintf("name: a\nrun:\n  linux: [reboot, --now]\npreview:\n  linux: %s\n", argv)))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", argv, got, want)
		}
	}
	if _, err := action.Parse([]byte("name: a\nchanges: false\nrun:\n  linux: [uptime]\npreview:\n  linux: [uptime]\n")); err != nil {
		t.Errorf("what only looks may look twice: %v", err)
	}
}
