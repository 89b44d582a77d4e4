//go:build linux

package hosts_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/executor/sshtest/debian"
	"drover/store"
)

// answer types a slash command, and returns what the person is told in private.
func (o *office) answer(who, text string) string {
	o.Helper()
	response, err := o.slack.SlashCommand(o.Context(), who, channel, "/server", text)
	o.must(err)
	var told struct{ Text string }
	if len(response.Payload) > 0 {
		o.must(json.Unmarshal(response.Payload, &told))
	}
	return response.Error + told.Text
}

// newKernel has a package of a host waiting that brings a kernel, which runs from the next boot on.
func (w *world) newKernel(name string) {
	w.Helper()
	h := w.hosts[name]
	running, err := h.Run("uname", "-r")
	w.must(err)
	release := "99." + strings.TrimSpace(running)
	w.must(h.Install(debian.Package{Name: "linux", Version: "1.0"}))
	w.must(h.Offer(debian.Repository{Name: "main", Packages: []debian.Package{{Name: "linux", Version: "2.0", Files: map[string]string{
		"/boot/vmlinuz-" + release: "", "/lib/modules/" + release + "/modules.order": "",
	}}}}))
	w.must(h.OnBoot(kernel(release)))
}

// aNightThatReboots: an approved schedule updates, and then restarts one after the other what needs it, until one fails.
// What is up to date is not touched.
func aNightThatReboots(t *testing.T, binary string) {
	o := newOffice(t, binary, "web1", "web2", "web3", "web4")
	for _, name := range []string{"web1", "web2", "web3"} {
		o.newKernel(name)
	}
	o.must(o.hosts["web2"].OnBoot(rekey))
	o.serve()
	far := time.Now().UTC().Add(12 * time.Hour).Hour()
	add := fmt.Sprintf(`schedule add nightly update all cron="0 %d * * *" timezone=UTC duration=3h reboot=if-required batch=1 max-failures=0 save=yes`, far)
	if told := o.answer("UADMIN", add); !strings.Contains(told, "`nightly` is saved") {
		t.Fatal(told)
	}
	o.click("UAPPROVER", o.card("awaiting_approval", "schedule nightly shall run it"), "run.approve")
	o.card("succeeded", "runs it from now on")
	if told := o.answer("UOPERATOR", "schedule run nightly"); !strings.Contains(told, "begins") {
		t.Fatal(told)
	}
	o.card("succeeded", "*update*")
	card := o.card("partial", "*reboot*")
	for name, state := range map[string]string{"web1": ":white_check_mark:", "web2": ":x:", "web3": ":no_entry_sign:"} {
		if !strings.Contains(string(card.Blocks), state+" `"+name+"`") {
			t.Errorf("%s is not shown as %s: %s", name, state, card.Blocks)
		}
	}
	o.boots(2, "web1", "web2")
	o.boots(1, "web3", "web4")
	o.wait("the report", func() bool {
		for _, m := range o.slack.Messages(channel) {
			if strings.Contains(m.Text, "*nightly* is done") {
				text := string(m.Blocks)
				return strings.Contains(text, "1 rebooted") && strings.Contains(text, "reboot required")
			}
		}
		return false
	})
	runs, err := o.store.Runs(t.Context(), 10)
	o.must(err)
	if len(runs) != 3 || runs[0].Action != "reboot" || runs[0].Origin != store.Scheduled || len(runs[0].Targets) != 3 {
		t.Errorf("the runs are %+v", runs)
	}
}
