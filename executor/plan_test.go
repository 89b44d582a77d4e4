package executor_test

import (
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

// TestPlanHash: an approval binds to the hash, so it covers all that decides what happens, and nothing else.
func TestPlanHash(t *testing.T) {
	type change func(*world, *executor.Request)
	server := func(edit func(*store.Server)) change {
		return func(w *world, _ *executor.Request) {
			w.edit("web1", edit)
			w.pin("web1", "ssh-ed25519 AAAA") // a new address has dropped it
		}
	}
	action := func(yaml string) change {
		return func(w *world, _ *executor.Request) { w.must(w.store.EditAction(w.Context(), root, "poke", yaml)) }
	}
	for name, c := range map[string]struct {
		change  change
		matters bool
	}{
		"address":           {server(func(s *store.Server) { s.Address = "127.0.0.2" }), true},
		"port":              {server(func(s *store.Server) { s.Port = 2222 }), true},
		"user":              {server(func(s *store.Server) { s.LoginUser = "root" }), true},
		"platform":          {server(func(s *store.Server) { s.Platform = "routeros" }), true},
		"credential":        {func(w *world, _ *executor.Request) { w.otherCredential("web1") }, true},
		"another pin":       {func(w *world, _ *executor.Request) { w.pin("web1", "ssh-ed25519 BBBB") }, true},
		"one more pin":      {func(w *world, _ *executor.Request) { w.pin("web1", "ssh-ed25519 AAAA", "ssh-ed25519 BBBB") }, true},
		"another server":    {func(_ *world, r *executor.Request) { r.Selector = []string{"web2"} }, true},
		"one more server":   {func(_ *world, r *executor.Request) { r.Selector = []string{"web1", "web2"} }, true},
		"parameter":         {func(_ *world, r *executor.Request) { r.Params = map[string]string{"word": "y"} }, true},
		"parallel":          {func(_ *world, r *executor.Request) { r.Options.Parallel = 2 }, true},
		"canary":            {func(_ *world, r *executor.Request) { r.Selector, r.Options.Canary = []string{"web1", "web2"}, 1 }, true},
		"batch":             {func(_ *world, r *executor.Request) { r.Options.Batch = "1" }, true},
		"max-failures":      {func(_ *world, r *executor.Request) { r.Options.MaxFailures = "1" }, true},
		"timeout":           {func(_ *world, r *executor.Request) { r.Options.Timeout = time.Minute }, true},
		"the same revision": {action(definitions["poke"]), true},
		"command":           {action(`{name: poke, run: {linux: [poke, harder]}}`), true},
		"a built-in's name": {func(_ *world, r *executor.Request) { r.Action = "peek" }, true},

		"nothing":          {func(*world, *executor.Request) {}, false},
		"tags":             {server(func(s *store.Server) { s.Tags = []string{"prod"} }), false},
		"note":             {server(func(s *store.Server) { s.Note = "in the cellar" }), false},
		"the same pins":    {func(w *world, _ *executor.Request) { w.pin("web1", "ssh-ed25519 AAAA") }, false},
		"default spelt":    {func(_ *world, r *executor.Request) { r.Params = map[string]string{"word": "x"} }, false},
		"other words":      {func(_ *world, r *executor.Request) { r.Selector = []string{"web[1-1]", "!web2"} }, false},
		"who and why":      {func(_ *world, r *executor.Request) { r.Actor, r.Reason = admin, "because" }, false},
		"disabled servers": {func(_ *world, r *executor.Request) { r.Selector = []string{"web1", "web9"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listed("web1", "web2", "web9")
			w.must(w.store.SetDisabled(t.Context(), root, "web9", "broken"))
			request := w.ask(ops, "poke web1")
			before := w.hash(request)
			c.change(w, &request)
			if (w.hash(request) != before) != c.matters {
				t.Fatalf("changed: %v, want %v", !c.matters, c.matters)
			}
		})
	}
}

func TestPlanNamesWhatIsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "web2", "web3", "web4", "web5")
	w.must(w.store.SetDisabled(t.Context(), root, "web2", "broken disk"))
	w.must(w.store.PinHostKeys(t.Context(), root, "web3", nil))
	w.edit("web4", func(s *store.Server) { s.CredentialID = nil })
	w.edit("web5", func(s *store.Server) { s.Platform = "ios" })
	plan, err := w.engine.Plan(t.Context(), w.ask(ops, "poke all"))
	must(t, err)
	if len(plan.Targets) != 1 || plan.Targets[0].Server != "web1" || plan.Targets[0].Command != "poke x" {
		t.Fatalf("targets: %+v", plan.Targets)
	}
	equal(t, []executor.Exclusion{
		{Server: "web2", Reason: "disabled: broken disk"},
		{Server: "web3", Reason: "its host key is not trusted yet (`drover server trust web3`)"},
		{Server: "web4", Reason: "it has no credential (`drover server edit web4 --credential NAME`)"},
		{Server: "web5", Reason: "poke has no command for ios"},
	}, plan.Excluded)
}

func (w *world) hash(r executor.Request) string {
	w.Helper()
	plan, err := w.engine.Plan(w.Context(), r)
	w.must(err)
	hash, err := plan.Hash()
	w.must(err)
	return hash
}
