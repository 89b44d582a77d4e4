package bot_test

import (
	"strings"
	"sync"
	"time"

	"drover/bot"
	"drover/store"
)

// driven is a run whose servers are moved on by the test, as a worker would.
type driven struct {
	*world
	id    string
	lease store.Lease
}

// request is a run of the operator's, in #ops.
func (w *world) request(servers int) store.NewRun {
	w.Helper()
	ctx := w.Context()
	if _, err := w.store.ActionNamed(ctx, "update"); err != nil {
		w.must(w.store.AddAction(ctx, store.Drover, "update", "name: update"))
	}
	entry, err := w.store.ActionNamed(ctx, "update")
	w.must(err)
	all, err := w.store.Servers(ctx)
	w.must(err)
	if len(all) < servers {
		w.addServers(names(servers)[len(all):])
		all, err = w.store.Servers(ctx)
		w.must(err)
	}
	return store.NewRun{Servers: all[:servers], Run: store.Run{
		ActionID: entry.ID, Action: "update", Selector: "all", Options: "{}", Plan: "{}", PlanHash: strings.Repeat("0", 64),
		Origin: store.Slash, RequestedBy: w.actor("U0OPERATOR"), Channel: ops,
	}}
}

// addServers adds servers that nothing connects to.
func (w *world) addServers(names []string) {
	var adding sync.WaitGroup
	for _, name := range names {
		adding.Go(func() {
			server := store.Server{Name: name, Address: name + ".example.com", Port: 22, Platform: "linux", LoginUser: "ops"}
			if err := w.store.AddServer(w.Context(), store.Drover, server); err != nil {
				w.Error(err)
			}
		})
	}
	adding.Wait()
}

func (w *world) create(n store.NewRun) *driven {
	w.Helper()
	run, _, err := w.store.CreateRun(w.Context(), n)
	w.must(err)
	return &driven{world: w, id: run.ID}
}

// started is a claimed run whose servers are all under way.
func (w *world) started(servers int) *driven {
	w.Helper()
	d := w.create(w.request(servers))
	d.claim()
	d.each(func(t store.Target) { d.begin(t) })
	return d
}

func (d *driven) run() store.Run {
	d.Helper()
	run, err := d.store.Run(d.Context(), d.id)
	d.must(err)
	return run
}

func (d *driven) claim() {
	d.Helper()
	lease, claimed, err := d.store.Claim(d.Context(), d.id, "test", time.Hour)
	if err != nil || !claimed {
		d.Fatalf("claim: %t, %v", claimed, err)
	}
	d.lease = lease
}

// each does something with every target, many at once, as a worker does.
func (d *driven) each(do func(store.Target)) {
	var group sync.WaitGroup
	for _, t := range d.run().Targets {
		group.Go(func() { do(t) })
	}
	group.Wait()
}

func (d *driven) begin(t store.Target) {
	if _, _, err := d.store.BeginTarget(d.Context(), d.lease, t.ID); err != nil {
		d.Error(err)
	}
	if _, err := d.store.TargetStarted(d.Context(), d.lease, t.ID); err != nil {
		d.Error(err)
	}
}

func (d *driven) finish(t store.Target, result store.Result) {
	if _, err := d.store.FinishTarget(d.Context(), d.lease, t, result); err != nil {
		d.Error(err)
	}
}

// end finishes every target that is under way with one result, and the run.
func (d *driven) end(result store.Result) {
	d.Helper()
	d.each(func(t store.Target) {
		if !t.State.Final() {
			d.finish(t, result)
		}
	})
	d.over()
}

func (d *driven) over() {
	d.Helper()
	if finished, err := d.store.FinishRun(d.Context(), d.lease); err != nil || !finished {
		d.Fatalf("finish the run: %t, %v", finished, err)
	}
}

// good and bad are results with an output.
func good(output string) store.Result {
	return store.Result{State: store.TargetSucceeded, Summary: "ok", Stdout: output}
}

func bad(output string) store.Result {
	code := 1
	return store.Result{State: store.TargetFailed, ExitCode: &code, Summary: "exit 1", Stderr: output}
}

// turn is one turn of the projector's loop, with the clock moved on by as much as the loop would then wait.
func (w *world) turn(p *bot.Projector) {
	changed := w.store.Changed()
	wait := p.Pass(w.Context())
	w.clock.advance(50 * time.Millisecond)
	select {
	case <-changed:
	default:
		w.clock.advance(wait)
	}
}

// settle lets the projector work until it has nothing left to do. The clock runs as fast as it can.
func (w *world) settle(p *bot.Projector) {
	w.Helper()
	for range 500 {
		behind, err := w.store.Behind(w.Context())
		w.must(err)
		if len(behind) == 0 {
			return
		}
		w.turn(p)
	}
	w.Fatalf("the projector never ends:\n%s", w.log.text())
}
