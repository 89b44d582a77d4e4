package executor_test

import (
	"strings"
	"sync"
	"testing"

	"drover/executor"
	"drover/store"
)

func TestARefusalMakesNoRun(t *testing.T) {
	const stranger = store.Actor("T1/USTRANGER")
	for line, c := range map[string]struct {
		who   store.Actor
		kind  executor.RefusalKind
		named string
	}{
		"poke":                   {ops, executor.Usage, "Say on which servers"},
		"poke !web1":             {ops, executor.Usage, "Say on which servers"},
		"pokee web1":             {ops, executor.Usage, "no action called `pokee`. Did you mean `poke`?"},
		"restart web1":           {ops, executor.Usage, "`reboot` restarts a server, `restart-service` a service"},
		"hisotry":                {ops, executor.Usage, "Did you mean `history`?"},
		"poke webb1":             {ops, executor.Usage, "Did you mean `web1`?"},
		"poke all !all":          {ops, executor.Usage, "No server is left"},
		"poke broken1":           {ops, executor.Usage, "`poke` can run on none of them. broken1: disabled: broken"},
		"poke broken1 broken2":   {ops, executor.Usage, "can run on none of them. broken1: disabled: broken. broken2: disabled: in repair."},
		"poke web1 wrod=x":       {ops, executor.Usage, "word"},
		"poke web1 word=A":       {ops, executor.Usage, "Nothing was run."},
		"poke web2":              {viewer, executor.Policy, "You may not run `poke` on web2: it needs the role operator. Nothing was run. Ask an admin for it."},
		"poke all":               {nobody, executor.Policy, "`drover user grant UNOBODY viewer`"},
		"reboot web1":            {ops, executor.Policy, "needs 1 approval"},
		"shutdown web1":          {root, executor.Policy, "drover must know who you are in Slack: `drover user link root U…`"},
		"peek web1":              {stranger, executor.Policy, "other organisations"},
		"peek web1 web2":         {"T2/UOPS", executor.Policy, "another Slack workspace"},
		"peek web2":              {"T1/UNEW", executor.Policy, "could not ask Slack who you are"},
		"poke web1 db1 word=abc": {"T1/UWEB", executor.Policy, "You may not run `poke` on db1: it needs the role operator. Nothing was run. Leave out what you may not touch, for example with `!db1`."},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listed("web2", "db1", "broken1", "broken2")
			web1 := w.host("web1", nil, "web")
			w.must(w.store.SetDisabled(t.Context(), root, "broken1", "broken"))
			w.must(w.store.SetDisabled(t.Context(), root, "broken2", "in repair"))
			w.meet(stranger, store.User{Stranger: true})
			w.meet("T1/UWEB", store.User{})
			w.grant("T1/UWEB", "allow operator * web")

			request := w.ask(c.who, line)
			_, err := w.engine.Submit(t.Context(), request)
			refusal := refused(t, err)
			if refusal.Kind != c.kind || !strings.Contains(refusal.Text, c.named) {
				t.Fatalf("got %d %q, want %d %q", refusal.Kind, refusal.Text, c.kind, c.named)
			}
			runs, err := w.store.Runs(t.Context(), 10)
			if err != nil || len(runs) > 0 || web1.Logins() > 0 {
				t.Fatalf("runs %v, %d logins, error %v", runs, web1.Logins(), err)
			}
			entries := w.audit("action/" + request.Action)
			var told []string
			for _, e := range entries {
				if e.Event == "request.refused" && e.Actor == c.who {
					told = append(told, e.Payload)
				}
			}
			_, mistyped := w.store.ActionNamed(t.Context(), request.Action)
			if want := c.kind == executor.Policy || mistyped == nil; (len(told) == 1) != want || len(told) > 1 {
				t.Fatalf("audited %q, want one: %v", told, want)
			}
		})
	}
}

func TestAnOutsiderLearnsNoName(t *testing.T) {
	w := newWorld(t)
	w.listed("web1")
	denied := w.person("member", 1)
	w.grant(denied, "deny viewer *")
	for _, who := range []store.Actor{nobody, denied, "T2/UOPS", "T1/UNEW"} {
		answers := map[string]bool{}
		for _, line := range []string{"poke web1", "poke webb1", "pok web1", "reboot all", "x tag:nothing y=z"} {
			_, err := w.engine.Submit(t.Context(), w.ask(who, line))
			answers[refused(t, err).Text] = true
		}
		if len(answers) != 1 {
			t.Errorf("%s can tell what there is from %v", who, answers)
		}
	}
}

func TestARequestThatIsDeliveredTwiceMakesOneRun(t *testing.T) {
	w := newWorld(t)
	w.listed("web1")
	request := w.ask(ops, "poke web1")
	request.InboxKey = "slash/1"
	var runs [8]store.Run
	var errs [8]error
	var deliveries sync.WaitGroup
	for i := range runs {
		deliveries.Go(func() { runs[i], errs[i] = w.engine.Submit(t.Context(), request) })
	}
	deliveries.Wait()
	for i, run := range runs {
		if errs[i] != nil || run.ID != runs[0].ID || run.Number != 1 {
			t.Errorf("delivery %d made #%d %s, %v", i, run.Number, run.ID, errs[i])
		}
	}
	request.InboxKey = "slash/2"
	if next, err := w.engine.Submit(t.Context(), request); err != nil || next.Number != 2 {
		t.Errorf("another delivery made #%d, %v", next.Number, err)
	}
}

func TestARunRecordsWhatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "web10", "web2")
	request := w.ask(ops, "poke web* word=abc parallel=2 timeout=90s")
	request.Reason, request.Channel, request.Origin = "the tyres are flat", "C1", store.Mention
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	run = w.run(run.ID)
	want := store.Run{
		Number: 1, State: store.Queued, Action: "poke", Changes: true, Selector: "web*", Params: store.Strings{"word": "abc"},
		Options: `{"parallel":2,"timeout":90000000000}`, Reason: "the tyres are flat", Origin: store.Mention, RequestedBy: ops, Channel: "C1",
		PlanHash: w.hash(request),
	}
	got := store.Run{
		Number: run.Number, State: run.State, Action: run.Action, Changes: run.Changes, Selector: run.Selector, Params: run.Params,
		Options: run.Options, Reason: run.Reason, Origin: run.Origin, RequestedBy: run.RequestedBy, Channel: run.Channel, PlanHash: run.PlanHash,
	}
	equal(t, want, got)
	var servers []string
	for _, target := range run.Targets {
		servers = append(servers, target.Server)
	}
	equal(t, []string{"web1", "web2", "web10"}, servers)
	equal(t, []string{"run.requested"}, events(w.audit("run/1")))
}
