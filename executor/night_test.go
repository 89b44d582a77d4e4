package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

// night asks for a run as a schedule does when its window opens.
func (w *world) night(line string) executor.Request {
	w.Helper()
	ctx := w.Context()
	schedule, err := w.store.AddSchedule(ctx, ops, store.Schedule{
		Name: "nightly", Window: store.Window{Cron: "0 2 * * *", Timezone: "UTC", Duration: store.Span(2 * time.Hour)},
		Action: "poke", Selector: "all", Options: "{}", Reboot: store.RebootNever, Missed: store.MissedIfOpen,
	})
	w.must(err)
	now := w.store.Now()
	o := store.Occurrence{StartsAt: now, BeginsAt: now, CutoffAt: now.Add(time.Hour), EndsAt: now.Add(time.Hour), State: store.OccurrenceAnnounced}
	o, err = w.store.AddOccurrence(ctx, ops, schedule, o)
	w.must(err)
	request := w.ask(ops, line)
	request.Origin, request.Stage = store.Scheduled, &store.Stage{Occurrence: o, To: store.OccurrenceRunning}
	return request
}

// At night nobody is awake to continue: a canary that succeeds goes on by itself, and one that fails ends the run.
func TestTheCanaryOfASchedule(t *testing.T) {
	for name, c := range map[string]struct {
		fails  []string
		state  store.RunState
		states map[string]store.TargetState
	}{
		"succeeds": {nil, store.Succeeded, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": store.TargetSucceeded, "web3": store.TargetSucceeded}},
		"fails":    {[]string{"web1"}, store.Failed, map[string]store.TargetState{"web1": store.TargetFailed, "web2": store.TargetSkipped, "web3": store.TargetSkipped}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := w.fleet(3, c.fails...)
			run, err := w.engine.Submit(t.Context(), w.night("poke all canary=1"))
			w.must(err)
			w.serve(w.engine)
			run = w.ended(run.ID)
			equal(t, c.states, states(run))
			if run.State != c.state || run.ContinuedAt != nil || run.PausedUntil != nil {
				t.Errorf("it is %s, continued at %v", run.State, run.ContinuedAt)
			}
			if began := o.list(); began[0] != "+web1" || began[1] != "-web1" {
				t.Errorf("first of all went %v", began)
			}
			if last := run.Targets[2].Summary; c.state == store.Failed && !strings.Contains(last, "the canary did not succeed on web1") {
				t.Errorf("the last says %q", last)
			}
		})
	}
}
