package scheduler_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/scheduler"
	"drover/store"
)

const approver = store.Actor("T1/UAPPROVER")

// court is a scheduler of a world in which admin may do all, and approver may approve.
func (w *world) court() *scheduler.Scheduler {
	w.Helper()
	w.must(w.store.AddAction(w.Context(), root, "raze", "{name: raze, approvals: 1, run: {linux: [raze]}}"))
	w.must(w.store.AddAction(w.Context(), root, "reboot", "{name: reboot, approvals: 1, run: {linux: [reboot]}}"))
	w.person("UADMIN", store.Admin, "")
	w.person("UAPPROVER", store.Approver, "")
	return scheduler.New(scheduler.Config{Store: w.store, Engine: w.engine, Log: w.logger()})
}

// added is a schedule that admin adds: at 02:00, with a window of two hours.
func (w *world) added(s *scheduler.Scheduler, words ...string) store.Schedule {
	w.Helper()
	schedule, err := s.Define(store.Schedule{Name: "nightly"}, written(append(words, "cron=0 2 * * *", "timezone=UTC", "duration=2h", "target=tag:prod", "channel="+ops)...))
	w.must(err)
	schedule, err = s.Add(w.Context(), "T1/UADMIN", schedule)
	w.must(err)
	return schedule
}

// approve agrees to the newest run.
func (w *world) approve() store.Run {
	w.Helper()
	runs, err := w.store.Runs(context.Background(), 1)
	w.must(err)
	w.must(w.engine.Approve(context.Background(), approver, runs[0], ""))
	run, err := w.store.Run(context.Background(), runs[0].ID)
	w.must(err)
	return run
}

func TestAScheduleThatNeedsApproval(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := w.court()
		schedule := w.added(s, "action=raze")
		defer w.schedule(w.store)()
		w.after(150 * time.Minute) // it is inactive
		w.is(w.last(schedule), store.OccurrenceRefused, "Revision 1 of it waits for approval: #1", 0)

		asked := w.approve()
		if asked.State != store.Succeeded || !asked.OnlyAsks() || asked.Schedule != "nightly" || asked.StartedAt != nil ||
			!strings.Contains(asked.Reason, `schedule nightly shall run it on tag:prod at "0 2 * * *" (UTC)`) {
			t.Errorf("what was asked is %+v", asked)
		}
		for _, target := range asked.Targets {
			if target.State != store.TargetSkipped || !strings.HasPrefix(target.Summary, "allowed") {
				t.Errorf("%s is %s %q: an approval runs nothing by itself", target.Server, target.State, target.Summary)
			}
		}
		w.after(24 * time.Hour)
		o := w.last(schedule)
		w.is(o, store.OccurrenceDone, "", 1)
		run := w.runs(o)[0]
		if run.State != store.Succeeded || run.ApprovalsNeeded != 1 || len(run.Approvals) != 1 || run.Approvals[0].Actor != approver || run.ApproveBy != nil {
			t.Errorf("the run of the night is %+v", run)
		}

		edited, err := s.Define(schedule, written("duration=3h"))
		w.must(err)
		schedule, err = s.Edit(w.Context(), "T1/UADMIN", edited)
		w.must(err)
		w.after(12 * time.Hour)
		w.must(w.engine.Deny(w.Context(), approver, w.newest(), "not like that", ""))
		w.after(12 * time.Hour) // the edit has voided the approval, and the new one was denied
		w.is(w.last(schedule), store.OccurrenceRefused, "Revision 2 of it was not approved: #3 ended denied", 0)
	})
}

// What waits for approval cannot be run now, and its night is not lost by that. The heads-up tells when it is approved.
func TestNobodyRunsNowWhatWaits(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := w.court()
		schedule := w.added(s, "action=raze")
		defer w.schedule(w.store)()
		if _, err := s.RunNext(w.Context(), root, schedule); !strings.Contains(refused(t, err).Text, "`nightly` cannot run now. Revision 1 of it waits for approval: #1") {
			t.Errorf("before the heads-up: %v", err)
		}
		w.after(90 * time.Minute)
		before := w.last(schedule)
		for _, err := range []error{s.RunNow(w.Context(), root, before.ID), second(s.RunNext(w.Context(), root, schedule))} {
			if !strings.Contains(refused(t, err).Text, "`nightly` cannot run now. Revision 1 of it waits for approval: #1") {
				t.Errorf("after the heads-up: %v", err)
			}
		}
		w.is(w.last(schedule), store.OccurrenceAnnounced, "", 0)
		w.approve()
		if o := w.last(schedule); o.Version <= before.Version {
			t.Errorf("the heads-up is not told anew: %+v", o)
		}
		w.must(s.RunNow(w.Context(), root, before.ID))
		w.after(5 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceDone, "", 1)
	})
}

// A heads-up tells, too, that the approval was denied, or has to be given anew.
func TestAHeadsUpTellsOfItsApproval(t *testing.T) {
	for name, change := range map[string]func(w *world, s *scheduler.Scheduler, schedule store.Schedule){
		"denied": func(w *world, _ *scheduler.Scheduler, _ store.Schedule) {
			w.must(w.engine.Deny(w.Context(), approver, w.newest(), "no", ""))
		},
		"void": func(w *world, _ *scheduler.Scheduler, _ store.Schedule) {
			_, err := w.store.VoidRun(w.Context(), store.Drover, w.newest().ID, "it is not what was asked for")
			w.must(err)
		},
		"asked": func(w *world, s *scheduler.Scheduler, schedule store.Schedule) {
			request := executor.Request{Actor: "T1/UADMIN", Action: "reboot", Selector: []string{"web1"}, Origin: store.Scheduled, Channel: ops,
				Standing: &store.Standing{ScheduleID: schedule.ID, Revision: 1}}
			_, err := w.engine.AskStanding(w.Context(), request)
			w.must(err)
		},
		"edited": func(w *world, _ *scheduler.Scheduler, _ store.Schedule) {
			w.must(w.store.EditAction(w.Context(), root, "raze", "{name: raze, approvals: 1, run: {linux: [raze, harder]}}"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				s := w.court()
				schedule := w.added(s, "action=raze")
				defer w.schedule(w.store)()
				w.after(90 * time.Minute)
				before := w.last(schedule)
				change(w, s, schedule)
				if o := w.last(schedule); o.Version <= before.Version {
					t.Errorf("the heads-up is not told anew: %+v", o)
				}
			})
		})
	}
}

// What only asked for an approval is no run that could be retried on its servers.
func TestWhatOnlyAskedIsNotRetried(t *testing.T) {
	for name, decide := range map[string]func(w *world){
		"allowed": func(w *world) { w.approve() },
		"denied":  func(w *world) { w.must(w.engine.Deny(w.Context(), approver, w.newest(), "no", "")) },
		"waiting": func(*world) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.added(w.court(), "action=raze")
			decide(w)
			_, err := w.engine.Retry(t.Context(), w.newest(), executor.Request{Actor: "T1/UADMIN", Origin: store.Slash, Channel: ops})
			if r := refused(t, err); !strings.Contains(r.Text, "#1 only asked what a schedule may run") {
				t.Errorf("it says %q", r.Text)
			}
			if newest := w.newest(); newest.Number != 1 {
				t.Errorf("it made %+v", newest)
			}
		})
	}
}

func TestAnEditVoidsWhatWaits(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=raze")
		edited, err := s.Define(schedule, written("duration=3h"))
		w.must(err)
		_, err = s.Edit(w.Context(), "T1/UADMIN", edited)
		w.must(err)
		runs, err := w.store.Runs(w.Context(), 2)
		w.must(err)
		if runs[1].State != store.Denied || runs[1].StateReason != "the schedule was edited since" || runs[0].State != store.AwaitingApproval {
			t.Errorf("the first is %s %q, the second %s", runs[1].State, runs[1].StateReason, runs[0].State)
		}
		if err := w.engine.Approve(w.Context(), approver, runs[1], ""); !strings.Contains(refused(t, err).Text, "nothing to decide any more") {
			t.Errorf("the void one can be approved: %v", err)
		}
		schedule, err = s.Find(w.Context(), "nightly")
		w.must(err)
		w.must(s.Remove(w.Context(), root, schedule))
		if runs, err = w.store.Runs(w.Context(), 1); err != nil || runs[0].State != store.Denied {
			t.Errorf("after the removal it is %s, %v", runs[0].State, err)
		}
	})
}

// inactive wants a schedule to say what keeps it from running.
func (w *world) inactive(s *scheduler.Scheduler, schedule store.Schedule, want string) {
	w.Helper()
	why, err := s.Inactive(w.Context(), schedule)
	w.must(err)
	if want == "" && why != "" || !strings.Contains(why, want) || strings.Contains(why, "Ask again") {
		w.Errorf("it says %q, want %q", why, want)
	}
}

// Only what is said of approvals keeps a schedule from running for sure; what holds its servers may be over by then.
func TestWhatKeepsAScheduleFromRunning(t *testing.T) {
	for name, c := range map[string]struct {
		words  string
		change func(w *world)
		want   string
	}{
		"the reboot was edited": {"action=peek reboot=if-required", func(w *world) {
			w.must(w.store.EditAction(w.Context(), root, "reboot", "{name: reboot, approvals: 1, run: {linux: [reboot, now]}}"))
		}, "is not approved (`reboot` was edited since #1 approved it for this schedule; an edit asks again)"},
		"the action needs approval by now": {"action=peek", func(w *world) {
			w.must(w.store.EditAction(w.Context(), root, "peek", "{name: peek, approvals: 1, run: {linux: [peek]}}"))
		}, "is not approved (Nobody was asked to approve `peek` in revision 1 of it; an edit asks again)"},
		"the action needs none any more": {"action=raze", func(w *world) {
			w.must(w.store.EditAction(w.Context(), root, "raze", "{name: raze, run: {linux: [raze]}}"))
		}, ""},
		"its servers are frozen": {"action=raze", func(w *world) {
			_, _, err := w.engine.Freeze(w.Context(), executor.FreezeRequest{Actor: root, Selector: []string{"all"}, Until: store.Time{Time: time.Now().Add(time.Hour)}, Reason: "launch"})
			w.must(err)
		}, ""},
		"a server is disabled": {"action=raze canary=2", func(w *world) { w.must(w.store.SetDisabled(w.Context(), root, "web1", "moving house")) }, ""},
		"the approver's grant is not known": {"action=raze", func(w *world) {
			w.take(approver, store.Approver)
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Approver, ActionGlob: "*", Effect: store.Allow}))
			w.group(store.GroupUnknown)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.court()
			schedule := w.added(s, strings.Fields(c.words)...)
			if !strings.HasSuffix(c.words, "peek") {
				w.approve()
			}
			w.inactive(s, schedule, "")
			c.change(w)
			w.inactive(s, schedule, c.want)
		})
	}
}

func TestAnApprovalThatDoesNotHoldAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		reason string
	}{
		"the approver lost the grant": {func(w *world) { w.take(approver, store.Approver) }, "UAPPROVER approved it and may not any more"},
		"the action was edited": {func(w *world) {
			w.must(w.store.EditAction(w.Context(), root, "raze", "{name: raze, approvals: 1, run: {linux: [raze, harder]}}"))
		}, "`raze` was edited since #1"},
		"the action needs more": {func(w *world) { w.must(w.store.SetSetting(w.Context(), root, "approvals-by-tag", "prod=2")) }, "needs 2 approvals by now, and #1 has 1"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				defer w.work(w.store, time.Minute)()
				s := w.court()
				schedule := w.added(s, "action=raze")
				w.approve()
				w.inactive(s, schedule, "")
				c.change(w)
				w.inactive(s, schedule, c.reason)
				defer w.schedule(w.store)()
				w.after(150 * time.Minute)
				w.is(w.last(schedule), store.OccurrenceRefused, c.reason, 0)
			})
		})
	}
}

// change edits a server that is there.
func (w *world) change(name string, change func(*store.Server)) {
	w.Helper()
	server, err := w.store.ServerNamed(w.Context(), name)
	w.must(err)
	change(&server)
	w.must(w.store.EditServer(w.Context(), root, server))
}

// join adds another server with the tag prod, like those that are there.
func (w *world) join(name string) {
	w.Helper()
	like, err := w.store.ServerNamed(w.Context(), "web1")
	w.must(err)
	w.must(w.store.AddServer(w.Context(), root, store.Server{
		Name: name, Address: "127.0.0.1", Port: 1, Platform: "linux", LoginUser: "ops", CredentialID: like.CredentialID, Tags: []string{"prod"},
	}))
	w.must(w.store.PinHostKeys(w.Context(), root, name, []store.HostKey{{PublicKey: "ssh-ed25519 AAAA", Fingerprint: "SHA256:x"}}))
}

// An approval is for what its card showed: a server that joins the tag is not in it, nor is one that is logged in to
// as somebody else.
func TestAnApprovalCoversWhatWasShown(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := w.court()
		schedule := w.added(s, "action=raze")
		w.approve()
		w.join("payroll1")
		w.change("web1", func(s *store.Server) { s.LoginUser = "root" })
		defer w.schedule(w.store)()
		w.after(150 * time.Minute)
		o := w.last(schedule)
		w.is(o, store.OccurrenceDone, "", 1)
		run := w.runs(o)[0]
		var ran []string
		for _, target := range run.Targets {
			ran = append(ran, target.Server)
		}
		want := []executor.Exclusion{{Server: "payroll1", Reason: "not in what was approved (#1)"}, {Server: "web1", Reason: "changed since it was approved (#1)"}}
		if run.State != store.Succeeded || !slices.Equal(ran, []string{"db1", "web2"}) || !slices.Equal(executor.LeftOut(run), want) {
			t.Errorf("it %s on %v, and left out %+v", run.State, ran, executor.LeftOut(run))
		}
		for _, name := range []string{"web2", "db1"} {
			w.change(name, func(s *store.Server) { s.LoginUser = "root" })
		}
		w.after(24 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceRefused, "Nothing is left of what #1 approved", 0)
	})
}

// What joins the tag has no say in what was approved without it, not even by a tag for which more people have to agree.
func TestWhatIsLeftOutAsksForNothing(t *testing.T) {
	inBubble(t, func(w *world) {
		defer w.work(w.store, time.Minute)()
		s := w.court()
		w.must(w.store.SetSetting(w.Context(), root, "approvals-by-tag", "vault=2"))
		schedule := w.added(s, "action=raze", "canary=2")
		w.approve()
		w.join("payroll1")
		w.change("payroll1", func(s *store.Server) { s.Tags = []string{"prod", "vault"} })
		w.change("web1", func(s *store.Server) { s.LoginUser = "root" })
		defer w.schedule(w.store)()
		w.after(150 * time.Minute)
		o := w.last(schedule)
		w.is(o, store.OccurrenceDone, "", 1)
		if run := w.runs(o)[0]; run.State != store.Succeeded || len(run.Targets) != 2 || run.ApprovalsNeeded != 1 || run.Targets[0].Batch != store.FirstBatch {
			t.Errorf("the run is %+v", run)
		}
	})
}

func TestWhoAsksForAScheduleCannotApproveIt(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "T1/UADMIN", Role: store.Approver, ActionGlob: "*", Effect: store.Allow}))
		w.added(s, "action=raze")
		runs, err := w.store.Runs(w.Context(), 1)
		w.must(err)
		if err := w.engine.Approve(w.Context(), "T1/UADMIN", runs[0], ""); !strings.Contains(refused(t, err).Text, "needs somebody else") {
			t.Errorf("approved by who asks: %v", err)
		}
		// A login at the terminal has to be somebody in Slack, or there would be no telling.
		schedule, err := s.Define(store.Schedule{Name: "other"}, written("action=raze", "cron=0 2 * * *", "timezone=UTC", "duration=2h", "target=tag:prod", "channel="+ops))
		w.must(err)
		if _, err := s.Add(w.Context(), root, schedule); !strings.Contains(refused(t, err).Text, "`drover user link root U…`") {
			t.Errorf("added by nobody: %v", err)
		}
		w.take(approver, store.Approver)
		w.take("T1/UADMIN", store.Approver)
		if _, err := s.Add(w.Context(), "T1/UADMIN", schedule); !strings.Contains(refused(t, err).Text, "nobody else may give one") {
			t.Errorf("added with nobody who could approve it: %v", err)
		}
		if all, err := w.store.Schedules(w.Context()); err != nil || len(all) != 1 {
			t.Errorf("what was refused is kept: %v %v", all, err)
		}
	})
}

// The whole night: what the run found to need a reboot is rebooted by a second run of the same occurrence.
func TestRebootIfRequired(t *testing.T) {
	for name, c := range map[string]struct {
		words   []string
		needing []string
		fails   []string
		change  func(w *world, schedule store.Schedule) // while the first run is under way
		reboots []string
		reason  string
	}{
		"what needs it":            {nil, []string{"web1", "db1"}, nil, nil, []string{"db1", "web1"}, ""},
		"nothing needs it":         {nil, nil, nil, nil, nil, ""},
		"beside a failure":         {nil, []string{"web1"}, []string{"db1"}, nil, []string{"web1"}, ""},
		"within the failure limit": {[]string{"max-failures=1", "batch=1"}, []string{"web1"}, []string{"db1"}, nil, []string{"web1"}, ""},
		"beyond the failure limit": {[]string{"max-failures=0", "batch=1"}, []string{"web1"}, []string{"db1"}, nil, nil, "#2 failed on more servers than it may"},
		"a canary of too many":     {[]string{"canary=1"}, []string{"web1"}, nil, nil, []string{"web1"}, ""},
		"paused meanwhile": {nil, []string{"web1"}, nil, func(w *world, s store.Schedule) {
			_, err := w.store.PauseSchedule(context.Background(), root, s, "stop it", nil)
			w.must(err)
		}, nil, "the schedule was paused meanwhile"},
		"edited meanwhile": {nil, []string{"web1"}, nil, func(w *world, s store.Schedule) {
			_, err := w.store.EditSchedule(context.Background(), root, s, func(store.Time) bool { return true })
			w.must(err)
		}, nil, "the schedule was edited meanwhile"},
		"cancelled when all had begun": {nil, []string{"web1"}, nil, func(w *world, _ store.Schedule) {
			_, err := w.store.Cancel(context.Background(), root, w.newest().ID, "")
			w.must(err)
		}, nil, "somebody cancelled #2"},
		"removed meanwhile": {nil, []string{"web1"}, nil, func(w *world, s store.Schedule) {
			w.must(w.store.RemoveSchedule(context.Background(), root, s))
		}, nil, "the schedule was removed meanwhile"},
		"the first run did not end by itself": {nil, []string{"web1"}, []string{"db1 interrupted"}, nil, nil, "#2 did not end by itself"},
		"the owner lost the right to it": {nil, []string{"web1"}, nil, func(w *world, _ store.Schedule) {
			w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "T1/UADMIN", Role: store.Operator, ActionGlob: "reboot", Effect: store.Deny}))
		}, nil, "nothing was rebooted: its owner UADMIN has lost the right: `reboot` on web1: a deny binding for `reboot` forbids it."},
		"the approver lost the grant": {nil, []string{"web1"}, nil, func(w *world, _ store.Schedule) { w.take(approver, store.Approver) }, nil, "may not any more"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				s := w.court()
				schedule := w.added(s, append(c.words, "action=peek", "reboot=if-required")...)
				w.approve()
				w.outcome = func(run store.Run, server string) store.Result {
					r := store.Result{State: store.TargetSucceeded, Facts: store.Strings{"reboot_required": "no"}}
					if run.Action == "peek" && slices.Contains(c.needing, server) {
						r.Facts["reboot_required"] = "yes"
					}
					if run.Action == "peek" && slices.Contains(c.fails, server) {
						r = store.Result{State: store.TargetFailed}
					}
					if run.Action == "peek" && slices.Contains(c.fails, server+" interrupted") {
						r = store.Result{State: store.TargetInterrupted}
					}
					return r
				}
				w.begun = true
				defer w.work(w.store, 10*time.Minute)()
				defer w.schedule(w.store)()
				w.after(125 * time.Minute)
				if c.change != nil {
					c.change(w, schedule)
				}
				w.after(30 * time.Minute)
				o := w.last(schedule)
				runs := w.runs(o)
				var rebooted []string
				if len(runs) > 1 {
					for _, target := range runs[1].Targets {
						rebooted = append(rebooted, target.Server)
					}
					if runs[1].Action != "reboot" || len(runs[1].Approvals) != 1 || !strings.Contains(runs[1].Options, `"batch":"1"`) || runs[1].BeginBy == nil {
						t.Errorf("the second run is %+v", runs[1])
					}
				}
				if o.State != store.OccurrenceDone || !strings.Contains(o.Reason, c.reason) || (c.reason == "") != (o.Reason == "") || !slices.Equal(rebooted, c.reboots) {
					t.Errorf("it is %s %q and rebooted %v, want %v and %q", o.State, o.Reason, rebooted, c.reboots, c.reason)
				}
			})
		})
	}
}

// needsReboot is how work ends a server that needs a reboot.
func needsReboot(store.Run, string) store.Result {
	return store.Result{State: store.TargetSucceeded, Facts: store.Strings{"reboot_required": "yes"}}
}

// An owner who may not reboot any more would update every night and reboot nothing: the schedule stops.
func TestAnOwnerWhoMayNotRebootStopsTheSchedule(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=peek", "reboot=if-required")
		w.approve()
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "T1/UADMIN", Role: store.Operator, ActionGlob: "reboot", Effect: store.Deny}))
		w.outcome = needsReboot
		defer w.work(w.store, time.Minute)()
		defer w.schedule(w.store)()
		w.after(50 * time.Hour)
		o := w.last(schedule)
		w.is(o, store.OccurrenceDone, "its owner UADMIN has lost the right", 1)
		stopped, err := w.store.Schedule(w.Context(), schedule.ID)
		w.must(err)
		if o.StartsAt.Day() != 1 || stopped.PausedBy != store.Drover || stopped.PausedReason != o.Reason || strings.Contains(o.Reason, "Nothing was run") {
			t.Errorf("on day %d it says %q, and the schedule is %+v", o.StartsAt.Day(), o.Reason, stopped)
		}
	})
}

// As long as drover only does not know whether the owner may, the reboots wait.
func TestRebootsWaitForWhatSlackDoesNotSay(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=peek", "reboot=if-required")
		w.approve()
		w.outcome = needsReboot
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: "group:S1", Role: store.Operator, ActionGlob: "reboot", Effect: store.Deny}))
		w.group(store.GroupUnknown)
		defer w.work(w.store, time.Minute)()
		defer w.schedule(w.store)()
		w.after(150 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceRunning, "", 1)
		w.group(store.GroupKnown)
		w.after(20 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceDone, "", 2)
	})
}

func TestRebootsGoOneByOneUnlessABatchWasSaid(t *testing.T) {
	for words, want := range map[string][]int{"": {1, 2, 3}, "batch=2": {1, 1, 2}, "batch=100%": {1, 1, 1}} {
		t.Run(words, func(t *testing.T) {
			inBubble(t, func(w *world) {
				s := w.court()
				schedule := w.added(s, append(strings.Fields(words), "action=peek", "reboot=if-required")...)
				w.approve()
				w.outcome = needsReboot
				defer w.work(w.store, time.Minute)()
				defer w.schedule(w.store)()
				w.after(150 * time.Minute)
				o := w.last(schedule)
				w.is(o, store.OccurrenceDone, "", 2)
				var batches []int
				for _, target := range w.runs(o)[1].Targets {
					batches = append(batches, target.Batch)
				}
				if !slices.Equal(batches, want) {
					t.Errorf("they are in the batches %v, want %v", batches, want)
				}
			})
		})
	}
}

// The action alone may run; but what it finds would be rebooted, and nobody has approved that.
func TestNothingRunsUntilTheRebootsAreApproved(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=peek", "reboot=if-required")
		defer w.work(w.store, time.Minute)()
		defer w.schedule(w.store)()
		w.after(150 * time.Minute)
		w.is(w.last(schedule), store.OccurrenceRefused, "Revision 1 of it waits for approval: #1", 0)
	})
}

// Whoever lets a schedule run now sets off its reboots as well.
func TestRunNowTakesTheRightToReboot(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=peek", "reboot=if-required")
		w.approve()
		peeker := store.SlackActor("T1", "UPEEKER")
		w.must(w.store.SaveUser(w.Context(), store.User{TeamID: "T1", SlackID: "UPEEKER", Name: "peeker"}))
		w.must(w.store.Grant(w.Context(), root, store.Binding{Subject: peeker, Role: store.Operator, ActionGlob: "peek", Effect: store.Allow}))
		if _, err := s.RunNext(w.Context(), peeker, schedule); !strings.Contains(refused(t, err).Text, "You may not run `reboot`") {
			t.Errorf("run next: %v", err)
		}
		defer w.schedule(w.store)()
		w.after(90 * time.Minute)
		o := w.last(schedule)
		if err := s.RunNow(w.Context(), peeker, o.ID); !strings.Contains(refused(t, err).Text, "You may not run `reboot`") {
			t.Errorf("run now: %v", err)
		}
		w.is(w.last(schedule), store.OccurrenceAnnounced, "", 0)
		w.must(s.Skip(w.Context(), peeker, o.ID)) // to keep it from running takes no more than before
	})
}

func TestNoRebootAfterTheCutoff(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.court()
		schedule := w.added(s, "action=peek", "reboot=if-required")
		w.approve()
		w.outcome = func(store.Run, string) store.Result {
			return store.Result{State: store.TargetSucceeded, Facts: store.Strings{"reboot_required": "yes"}}
		}
		w.begun = true
		defer w.work(w.store, 3*time.Hour)()
		defer w.schedule(w.store)()
		w.after(6 * time.Hour)
		w.is(w.last(schedule), store.OccurrenceDone, "nothing was rebooted: the cutoff of the window had passed", 1)
	})
}
