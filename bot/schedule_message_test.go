package bot

import (
	"strings"
	"testing"
	"time"

	"drover/store"
)

// night is an occurrence in a state, with the runs of it.
func night(state store.OccurrenceState, runs ...store.Run) occasion {
	o := occasion{
		Occurrence: store.Occurrence{
			Schedule: "nightly", ID: "0190-occurrence", StartsAt: at(0), BeginsAt: at(0), CutoffAt: at(90 * time.Minute), EndsAt: at(2 * time.Hour),
			State: state, Channel: ops, CreatedAt: at(-time.Hour),
		},
		schedule: store.Schedule{
			Name: "nightly", Owner: store.SlackActor("T1", "U1"), Action: "update", Selector: "tag:prod", Options: "{}", Params: store.Strings{},
			Window: store.Window{Cron: "0 2 * * *", Timezone: "Europe/Berlin", Duration: store.Span(2 * time.Hour), Cutoff: store.Span(30 * time.Minute)},
			Reboot: store.RebootNever, Missed: store.MissedIfOpen, NotifyBefore: store.Span(time.Hour), Revision: 3,
		},
		runs: runs,
	}
	if len(runs) > 0 {
		o.BeganAt = ptr(at(0))
	}
	if state.Final() {
		o.FinishedAt = ptr(at(14*time.Minute + 12*time.Second))
	}
	return o
}

// updated is a server that an update is over on.
func updated(name, summary, changed, reboot string) store.Target {
	t := target(name, store.TargetSucceeded, summary)
	t.ServerID = "server-" + name
	t.Facts = store.Strings{"packages_changed": changed, "reboot_required": reboot}
	return t
}

func nightlyRun(state store.RunState, targets ...store.Target) store.Run {
	run := sample(state, targets...)
	run.Schedule, run.Origin = "nightly", store.Scheduled
	return run
}

// worst is a night on which everything happened.
func worst() store.Run {
	return nightlyRun(store.Partial,
		updated("web1", "5 upgraded (3 security) · reboot required", "5", "yes"), updated("web2", "5 upgraded (3 security) · reboot required", "5", "yes"),
		updated("web3", "5 upgraded (3 security)", "5", "no"), updated("db1", "nothing to do", "0", "no"),
		target("db2", store.TargetFailed, "another package manager holds the lock"), target("db3", store.TargetUnreachable, "db3 refused the connection"),
		target("db4", store.TargetSkipped, store.AfterCutoff), target("db5", store.TargetInterrupted, "the connection was lost"))
}

func TestScheduleMessages(t *testing.T) {
	with := func(o occasion, change func(*occasion)) occasion { change(&o); return o }
	ann := store.SlackActor("T1", "U1")
	p := newPoster(t)
	for name, c := range map[string]content{
		"headsup-announced": headsUp(night(store.OccurrenceAnnounced)),
		"headsup-delayed": headsUp(with(night(store.OccurrenceAnnounced), func(o *occasion) {
			o.BeginsAt, o.DecidedBy, o.schedule.Reboot = at(time.Hour), ann, store.RebootIfRequired
		})),
		"headsup-waiting": headsUp(with(night(store.OccurrenceAnnounced), func(o *occasion) {
			o.Reason = "Whether its owner Olga may run it is not known: drover cannot tell who is in a usergroup."
		})),
		"headsup-inactive": headsUp(with(night(store.OccurrenceAnnounced), func(o *occasion) { o.inactive = "waits for approval #4" })),
		"headsup-asked-inactive": headsUp(with(night(store.OccurrenceAsked), func(o *occasion) {
			o.inactive = "is not approved (#4 ended denied; an edit asks again)"
		})),
		"headsup-asked":    headsUp(night(store.OccurrenceAsked)),
		"headsup-running":  headsUp(night(store.OccurrenceRunning, nightlyRun(store.Running, target("web1", store.TargetRunning, "")))),
		"headsup-at-once":  headsUp(with(night(store.OccurrenceRunning, nightlyRun(store.Running, target("web1", store.TargetRunning, ""))), func(o *occasion) { o.DecidedBy = ann })),
		"headsup-done":     headsUp(night(store.OccurrenceDone, nightlyRun(store.Succeeded, updated("web1", "1 upgraded", "1", "no")))),
		"headsup-skipped":  headsUp(with(night(store.OccurrenceSkipped), func(o *occasion) { o.DecidedBy = ann })),
		"headsup-paused":   headsUp(with(night(store.OccurrenceSkipped), func(o *occasion) { o.DecidedBy, o.Reason = ann, "the schedule was paused: holidays" })),
		"report-succeeded": report(night(store.OccurrenceDone, nightlyRun(store.Succeeded, updated("web1", "1 upgraded", "1", "no"), updated("web2", "nothing to do", "0", "no"))), nil, 0),
		"report-worst":     report(night(store.OccurrenceDone, worst()), []time.Duration{12 * time.Minute, 13 * time.Minute, 61 * time.Minute}, 0),
		"report-rebooted": report(night(store.OccurrenceDone, worst(), nightlyRun(store.Partial,
			updated("web1", "down 41 s · kernel 6.1.90 → 6.1.99", "", ""), target("web2", store.TargetFailed, "it did not come back within 10m"))), nil, 0),
		"report-not-rebooted": report(with(night(store.OccurrenceDone, worst()), func(o *occasion) { o.Reason = "nothing was rebooted: the cutoff of the window had passed" }), nil, 0),
		"report-no-right-to-reboot": report(with(night(store.OccurrenceDone, worst()), func(o *occasion) {
			o.Reason, o.schedule.PausedBy = "nothing was rebooted: its owner Olga has lost the right: `reboot` on web1: it needs the role operator.", store.Drover
			o.schedule.PausedReason = o.Reason
		}), nil, 0),
		"report-cancelled": report(night(store.OccurrenceDone, nightlyRun(store.Cancelled, target("web1", store.TargetCancelled, "not begun: the run was cancelled"))), nil, 0),
		"report-missed":    report(with(night(store.OccurrenceMissed), func(o *occasion) { o.Reason = "drover was not running, and its window is over" }), nil, 3),
		"report-overlap":   report(with(night(store.OccurrenceSkipped), func(o *occasion) { o.Reason = "#41, its run before, is not over yet" }), nil, 1),
		"report-stopped": report(with(night(store.OccurrenceRefused), func(o *occasion) {
			o.Reason, o.schedule.PausedBy = "its owner Olga has lost the right: `update` on web1: it needs the role operator.", store.Drover
		}), nil, 1),
		"report-details": details(night(store.OccurrenceDone, worst())),
	} {
		t.Run(name, func(t *testing.T) {
			if err := harmless(c); err != nil {
				t.Error(err)
			}
			c.metadata = night(store.OccurrenceDone).metadata(store.Message{ID: "0190-message"})
			if err := p.accepted(c); err != nil {
				t.Error(err)
			}
			golden(t, name, c)
		})
	}
}

// Whatever people and servers say, the messages of a schedule are taken by Slack and do nothing but show it.
func TestHostileScheduleMessages(t *testing.T) {
	p := newPoster(t)
	for _, text := range hostile {
		o := night(store.OccurrenceDone, nightlyRun(store.Partial, updated("web1", text, "5", "yes"), target("web2", store.TargetFailed, text)))
		o.Reason, o.schedule.Selector, o.schedule.Action = text, text, text
		for _, state := range []store.OccurrenceState{store.OccurrenceDone, store.OccurrenceAnnounced, store.OccurrenceAsked, store.OccurrenceRefused, store.OccurrenceSkipped, store.OccurrenceRunning} {
			o.State = state
			for _, c := range []content{headsUp(o), report(o, nil, 2), details(o)} {
				if err := harmless(c); err != nil {
					t.Errorf("%s: %v", state, err)
				}
				c.metadata = o.metadata(store.Message{ID: "0190-message"})
				if err := p.accepted(c); err != nil {
					t.Errorf("%s with %.40q: %v", state, text, err)
				}
			}
		}
	}
}

// A thousand servers fit, too.
func TestAReportOfManyServers(t *testing.T) {
	var targets []store.Target
	for i := range 1000 {
		targets = append(targets, updated(strings.Repeat("x", i%50+1)+"-"+string(rune('a'+i%26)), strings.Repeat("a summary of its own ", i%40), "5", "yes"))
	}
	o := night(store.OccurrenceDone, nightlyRun(store.Succeeded, targets...))
	p := newPoster(t)
	for _, c := range []content{report(o, nil, 0), details(o)} {
		c.metadata = o.metadata(store.Message{ID: "0190-message"})
		if err := p.accepted(c); err != nil {
			t.Error(err)
		}
	}
}
