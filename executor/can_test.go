package executor_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/executor"
	"drover/store"
)

// answer is what Can says, one line for each server: "web1 yes operator tag:web" or "web1 no it needs the role operator".
func (w *world) answer(about store.Actor, line string) []string {
	w.Helper()
	a, err := w.engine.Can(w.Context(), about, strings.Fields(line))
	w.must(err)
	var list []string
	for _, s := range a.Servers {
		text := s.Server + map[bool]string{true: " yes", false: " no"}[s.Allowed]
		if s.Why != "" {
			text += " " + s.Why
		}
		if s.Binding != nil {
			text += fmt.Sprintf(" [%s %s by %s]", s.Binding.Subject, executor.Brief(*s.Binding), s.Binding.CreatedBy)
		}
		for _, h := range s.Holds {
			text += fmt.Sprintf(" held by %s", h.By)
		}
		list = append(list, text)
	}
	return list
}

func TestCan(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil, "web")
	w.host("web2", nil, "web")
	w.host("db1", nil, "db")
	w.gather("group:S1", nobody, true, store.GroupKnown)
	w.grant("group:S1", "allow operator poke web")
	w.grant(nobody, "allow viewer *")
	w.grant(nobody, "deny operator * db until tomorrow")
	w.grant(nobody, "allow operator * until yesterday")
	must(t, w.lock(ops, "web2 2h"))
	for _, c := range []struct {
		who  store.Actor
		line string
		want []string
	}{
		{nobody, "poke web1", []string{"web1 yes [group:S1 operator tag:web action=poke by local:root]"}},
		{nobody, "poke all", []string{
			"db1 no a deny binding on `tag:db` forbids it [T1/UNOBODY operator tag:db deny by local:root]",
			"web1 yes [group:S1 operator tag:web action=poke by local:root]",
			"web2 yes [group:S1 operator tag:web action=poke by local:root] held by T1/UOPS",
		}},
		{nobody, "upgrade web1", []string{"web1 no it needs the role operator"}},
		{nobody, "peek web2", []string{"web2 yes [T1/UNOBODY viewer by local:root]"}}, // looking goes on
		{ops, "poke web2", []string{"web2 yes [T1/UOPS operator by local:root]"}},     // their own lock
		{"T2/UELSE", "poke web1", []string{"web1 no drover takes requests only from its own Slack workspace, and from nobody of another Slack workspace."}},
		{"T1/UUNMET", "poke web1", []string{"web1 no it needs the role operator"}},
	} {
		equal(t, c.want, w.answer(c.who, c.line))
	}

	w.meet("T1/UGUEST", store.User{Guest: true})
	w.grant("T1/UGUEST", "allow admin *")
	equal(t, []string{"web1 no drover takes no requests from guests or people of other organisations."}, w.answer("T1/UGUEST", "poke web1"))

	w.grant("T1/UUNMET", "allow operator *")
	a, err := w.engine.Can(t.Context(), "T1/UUNMET", []string{"reboot", "web1"})
	must(t, err)
	if !a.Unmet || !a.Servers[0].Allowed || a.Approvals != 1 {
		t.Errorf("of somebody whom drover has not met it says %+v", a)
	}
	if len(w.audit("action/poke")) != 1 { // its making: a question is no request
		t.Error("a question was audited")
	}
}

func TestWhatCanNeeds(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	for line, says := range map[string]string{
		"pok web1":     "Did you mean `poke`?",
		"poke web9":    "No server is called web9",
		"poke":         "Say on which servers",
		"list web1":    "a word of drover's own",
		"restart web1": "`reboot` restarts a server",
	} {
		_, err := w.engine.Can(t.Context(), ops, strings.Fields(line))
		if r := refused(t, err); !strings.Contains(r.Text, says) {
			t.Errorf("%q: %q does not say %q", line, r.Text, says)
		}
	}
	for _, about := range []store.Actor{"group:S1", root, store.Drover} {
		_, err := w.engine.Can(t.Context(), about, []string{"poke", "web1"})
		refused(t, err)
	}
}

// Servers for which the same is decided by the same are told together.
func TestAlikeAnswersAreOne(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.host(fmt.Sprintf("web%d", i+1), nil, []string{"web", "db"}[i/3])
	}
	w.grant(nobody, "allow operator * web")
	must(t, w.lock(ops, "web2 2h"))
	a, err := w.engine.Can(t.Context(), nobody, []string{"poke", "all"})
	must(t, err)
	var groups []string
	for _, g := range a.Alike() {
		var names []string
		for _, s := range g {
			names = append(names, s.Server)
		}
		groups = append(groups, strings.Join(names, "+"))
	}
	equal(t, []string{"web1+web3", "web2", "web4+web5"}, groups)
}
