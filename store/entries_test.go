package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// entry is one line of the table of what is audited: a method that changes something, and what it writes.
type entry struct {
	method  string
	variant string // tells apart several lines for one method
	prepare func(f farm) (change func(context.Context) error)
	want    []string // actor, event and subject of each entry
	again   []string // what the same call writes the second time; mostly nothing, for then nothing changes
}

// entries is complete: TestEveryAuditedMethodIsInTheTable. Each line begins with web1 and web2 and the action restart.
var entries = []entry{
	{method: "AddAction", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.AddAction(ctx, alice, "stop", "name: stop") }
	}, want: []string{"T1/U1 action.added action/stop"}},
	{method: "EditAction", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.EditAction(ctx, alice, "restart", "name: restart # 2") }
	}, want: []string{"T1/U1 action.edited action/restart"}, again: []string{"T1/U1 action.edited action/restart"}}, // a revision more
	{method: "RemoveAction", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.RemoveAction(ctx, alice, "restart") }
	}, want: []string{"T1/U1 action.removed action/restart"}},
	{method: "InstallBuiltin", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.InstallBuiltin(ctx, "ping", "name: ping") }
	}, want: []string{"drover action.installed action/ping"}},

	{method: "AuditRefusal", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.AuditRefusal(ctx, alice, "action/restart", "no role") }
	}, want: []string{"T1/U1 request.refused action/restart"}, again: []string{"T1/U1 request.refused action/restart"}}, // asked twice

	{method: "Grant", prepare: func(f farm) func(context.Context) error {
		b := store.Binding{Subject: "T1/U2", Role: store.Viewer, ActionGlob: "*", Effect: store.Allow}
		return func(ctx context.Context) error { return f.Grant(ctx, alice, b) }
	}, want: []string{"T1/U1 user.granted user/T1/U2"}},
	{method: "Revoke", prepare: func(f farm) func(context.Context) error {
		ok(f.t, f.Grant(f.t.Context(), alice, store.Binding{Subject: "T1/U2", Role: store.Viewer, ActionGlob: "*", Effect: store.Allow}))
		return func(ctx context.Context) error {
			_, err := f.Revoke(ctx, alice, store.Revocation{Subject: "T1/U2", Role: store.Viewer})
			return err
		}
	}, want: []string{"T1/U1 user.revoked user/T1/U2"}},
	{method: "ExpireBindings", prepare: func(f farm) func(context.Context) error {
		over := f.Now().Add(-time.Second)
		ok(f.t, f.Grant(f.t.Context(), alice, store.Binding{Subject: "T1/U2", Role: store.Viewer, ActionGlob: "*", Effect: store.Allow, Until: &over}))
		return f.ExpireBindings
	}, want: []string{"drover user.expired user/T1/U2"}},
	{method: "SaveUser", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error {
			return f.SaveUser(ctx, store.User{TeamID: "T1", SlackID: "U2", Name: "bob", Guest: true})
		}
	}, want: []string{"drover user.changed user/T1/U2"}},
	{method: "SaveUser", variant: "a member", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error {
			return f.SaveUser(ctx, store.User{TeamID: "T1", SlackID: "U2", Name: "bob"})
		}
	}},
	{method: "SaveUsergroup", prepare: func(f farm) func(context.Context) error {
		said := store.Usergroup{ID: "S1", State: store.GroupKnown, CheckedAt: f.Now(), Members: []string{"U2"}}
		return func(ctx context.Context) error { return f.SaveUsergroup(ctx, said) }
	}, want: []string{"drover usergroup.changed user/group:S1"}},
	{method: "LockServers", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := f.LockServers(ctx, alice, f.lock(alice, time.Hour), f.servers, says("locked"), says("over"))
			return err
		}
	}, want: []string{"T1/U1 server.locked server/web1", "T1/U1 server.locked server/web2"},
		again: []string{"T1/U1 server.locked server/web1", "T1/U1 server.locked server/web2"}}, // to another end
	{method: "UnlockServers", prepare: func(f farm) func(context.Context) error {
		f.locked(alice, time.Hour, f.servers...)
		return func(ctx context.Context) error {
			_, err := f.UnlockServers(ctx, bob, f.servers, func(store.Lock) error { return nil }, says("over"))
			return err
		}
	}, want: []string{"T1/U2 server.unlocked server/web1", "T1/U2 server.unlocked server/web2"}},
	{method: "ExpireLocks", prepare: func(f farm) func(context.Context) error {
		f.overdue(alice, f.servers[0])
		return func(ctx context.Context) error { return f.ExpireLocks(ctx, says("over")) }
	}, want: []string{"drover server.lock_expired server/web1"}},
	{method: "SkipHeld", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		return func(ctx context.Context) error {
			_, err := f.SkipHeld(ctx, lease, run.Targets[0].ID, "locked")
			return err
		}
	}, want: []string{"drover target.skipped run/1"}},
	{method: "LinkLogin", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.LinkLogin(ctx, "local:root", "alice", alice) }
	}, want: []string{"local:root user.linked user/T1/U1"}},

	{method: "AddCredential", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.AddCredential(ctx, alice, "ops", secrets("x", "y")) }
	}, want: []string{"T1/U1 credential.added credential/ops"}},
	{method: "EditCredential", prepare: func(f farm) func(context.Context) error {
		ok(f.t, f.AddCredential(f.t.Context(), alice, "ops", secrets("x", "y")))
		edit := store.CredentialEdit{Sudo: []byte("z")}
		return func(ctx context.Context) error { return f.EditCredential(ctx, alice, "ops", edit) }
	}, want: []string{"T1/U1 credential.edited credential/ops"}, again: []string{"T1/U1 credential.edited credential/ops"}}, // sealed anew
	{method: "RemoveCredential", prepare: func(f farm) func(context.Context) error {
		ok(f.t, f.AddCredential(f.t.Context(), alice, "ops", secrets("x", "y")))
		return func(ctx context.Context) error { return f.RemoveCredential(ctx, alice, "ops") }
	}, want: []string{"T1/U1 credential.removed credential/ops"}},

	{method: "AddServer", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.AddServer(ctx, alice, server("db1")) }
	}, want: []string{"T1/U1 server.added server/db1"}},
	{method: "EditServer", prepare: func(f farm) func(context.Context) error {
		web1 := f.servers[0]
		web1.Tags = []string{"web", "prod", "web"}
		return func(ctx context.Context) error { return f.EditServer(ctx, alice, web1) }
	}, want: []string{"T1/U1 server.edited server/web1"}},
	{method: "EditServer", variant: "nothing", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.EditServer(ctx, alice, f.servers[0]) }
	}},
	{method: "SetDisabled", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.SetDisabled(ctx, alice, "web1", "broken fan") }
	}, want: []string{"T1/U1 server.disabled server/web1"}},
	{method: "RemoveServer", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.RemoveServer(ctx, alice, "web1") }
	}, want: []string{"T1/U1 server.removed server/web1"}},
	{method: "PinHostKeys", prepare: func(f farm) func(context.Context) error {
		pins := []store.HostKey{{PublicKey: "ssh-ed25519 A", Fingerprint: "SHA256:a"}, {PublicKey: "ssh-rsa B", Fingerprint: "SHA256:b"}}
		return func(ctx context.Context) error { return f.PinHostKeys(ctx, alice, "web1", pins) }
	}, want: []string{"T1/U1 server.trusted server/web1"}},

	{method: "SetSetting", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { return f.SetSetting(ctx, alice, "run-expiry", "5m") }
	}, want: []string{"T1/U1 setting.changed setting/run-expiry"}},
	{method: "ResetSetting", prepare: func(f farm) func(context.Context) error {
		ok(f.t, f.SetSetting(f.t.Context(), alice, "run-expiry", "5m"))
		return func(ctx context.Context) error { return f.ResetSetting(ctx, alice, "run-expiry") }
	}, want: []string{"T1/U1 setting.changed setting/run-expiry"}},

	{method: "AddFreeze", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := f.AddFreeze(ctx, alice, store.Freeze{ID: "f", Selector: "all", Until: f.Now().Add(time.Hour)}, []store.FreezeWord{{Word: "all"}}, froze("froze"))
			return err
		}
	}, want: []string{"T1/U1 freeze.made freeze/all"}, again: []string{"T1/U1 freeze.made freeze/all"}}, // a freeze of its own
	{method: "EndFreeze", prepare: func(f farm) func(context.Context) error {
		freeze := f.freeze("all", time.Hour)
		return func(ctx context.Context) error {
			_, err := f.EndFreeze(ctx, "T1/U2", freeze, froze("thawed"))
			return err
		}
	}, want: []string{"T1/U2 freeze.ended freeze/all"}},
	{method: "ExpireFreezes", prepare: func(f farm) func(context.Context) error {
		f.freeze("all", 0)
		return func(ctx context.Context) error { return f.ExpireFreezes(ctx, froze("over")) }
	}, want: []string{"drover freeze.expired freeze/all"}},
	{method: "AddSchedule", prepare: func(f farm) func(context.Context) error {
		return func(ctx context.Context) error { _, err := f.AddSchedule(ctx, alice, nightly()); return err }
	}, want: []string{"T1/U1 schedule.added schedule/nightly"}},
	{method: "EditSchedule", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		f.announced(schedule, time.Minute)
		return func(ctx context.Context) error {
			_, err := f.EditSchedule(ctx, alice, schedule, func(store.Time) bool { return true })
			return err
		}
	}, want: []string{"T1/U1 occurrence.revised schedule/nightly", "T1/U1 schedule.edited schedule/nightly"}},
	{method: "PauseSchedule", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		f.announced(schedule, time.Minute)
		return func(ctx context.Context) error { _, err := f.PauseSchedule(ctx, alice, schedule, "", nil); return err }
	}, want: []string{"T1/U1 occurrence.skipped schedule/nightly", "T1/U1 schedule.paused schedule/nightly"}},
	{method: "ResumeSchedule", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		want(f.t, true)(f.PauseSchedule(f.t.Context(), alice, schedule, "", nil))
		return func(ctx context.Context) error { _, err := f.ResumeSchedule(ctx, alice, schedule); return err }
	}, want: []string{"T1/U1 schedule.resumed schedule/nightly"}},
	{method: "RemoveSchedule", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		f.announced(schedule, time.Minute)
		return func(ctx context.Context) error { return f.RemoveSchedule(ctx, alice, schedule) }
	}, want: []string{"T1/U1 occurrence.skipped schedule/nightly", "T1/U1 schedule.removed schedule/nightly"}},

	{method: "Consider", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		o := f.opening(schedule, time.Minute)
		return func(ctx context.Context) error {
			_, err := f.Consider(ctx, schedule, o.StartsAt, []store.Occurrence{o})
			return err
		}
	}, want: []string{"drover occurrence.announced schedule/nightly"}},
	{method: "AddOccurrence", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		o := f.opening(schedule, time.Minute)
		return func(ctx context.Context) error { _, err := f.AddOccurrence(ctx, alice, schedule, o); return err }
	}, want: []string{"T1/U1 occurrence.announced schedule/nightly"}},
	{method: "SkipOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.announced(f.schedule(), time.Minute)
		return func(ctx context.Context) error { _, err := f.SkipOccurrence(ctx, alice, o.ID); return err }
	}, want: []string{"T1/U1 occurrence.skipped schedule/nightly"}},
	{method: "DelayOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.announced(f.schedule(), time.Minute)
		return func(ctx context.Context) error {
			_, err := f.DelayOccurrence(ctx, alice, o.ID, time.Hour)
			return err
		}
	}, want: []string{"T1/U1 occurrence.delayed schedule/nightly"}},
	{method: "HastenOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.announced(f.schedule(), time.Minute)
		return func(ctx context.Context) error { _, err := f.HastenOccurrence(ctx, alice, o.ID); return err }
	}, want: []string{"T1/U1 occurrence.hastened schedule/nightly"}},
	{method: "AskOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.announced(f.schedule(), time.Minute)
		return func(ctx context.Context) error { _, err := f.AskOccurrence(ctx, o.ID); return err }
	}, want: []string{"drover occurrence.asked schedule/nightly"}},
	{method: "EndOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.announced(f.schedule(), time.Minute)
		return func(ctx context.Context) error {
			_, err := f.EndOccurrence(ctx, o.ID, store.OccurrenceMissed, "")
			return err
		}
	}, want: []string{"drover occurrence.missed schedule/nightly"}},
	{method: "StopSchedule", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		o := f.announced(schedule, time.Minute)
		return func(ctx context.Context) error { _, err := f.StopSchedule(ctx, schedule, o.ID, "no role"); return err }
	}, want: []string{"drover occurrence.refused schedule/nightly", "drover schedule.paused schedule/nightly"}},
	{method: "WaitOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.announced(f.schedule(), 0)
		return func(ctx context.Context) error { _, err := f.WaitOccurrence(ctx, o.ID, "nobody knows"); return err }
	}, want: []string{"drover occurrence.waiting schedule/nightly"}},
	{method: "StopAfterRun", prepare: func(f farm) func(context.Context) error {
		schedule := f.schedule()
		o := f.occurrenceIn(schedule, store.OccurrenceRunning)
		return func(ctx context.Context) error { _, err := f.StopAfterRun(ctx, schedule, o.ID, "no role"); return err }
	}, want: []string{"drover occurrence.done schedule/nightly", "drover schedule.paused schedule/nightly"}},
	{method: "FinishOccurrence", prepare: func(f farm) func(context.Context) error {
		o := f.occurrenceIn(f.schedule(), store.OccurrenceRunning)
		return func(ctx context.Context) error { _, err := f.FinishOccurrence(ctx, o.ID, ""); return err }
	}, want: []string{"drover occurrence.done schedule/nightly"}},
	{method: "CreateRun", variant: "of a schedule", prepare: func(f farm) func(context.Context) error {
		n := f.stage(f.announced(f.schedule(), 0), store.OccurrenceRunning)
		return func(ctx context.Context) error { _, _, err := f.CreateRun(ctx, n); return err }
	}, want: []string{"drover occurrence.running schedule/nightly", "T1/U1 run.requested run/1"}},
	{method: "EndAtCutoff", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		f.begin(lease, run.Targets[0].ID)
		_, err := f.db.Exec("UPDATE runs SET begin_by = 1")
		ok(f.t, err)
		return func(ctx context.Context) error { return f.EndAtCutoff(ctx) }
	}, want: []string{"drover target.skipped run/1"}},
	{method: "EndAtCutoff", variant: "queued", prepare: func(f farm) func(context.Context) error {
		f.create(f.request())
		_, err := f.db.Exec("UPDATE runs SET begin_by = 1")
		ok(f.t, err)
		return func(ctx context.Context) error { return f.EndAtCutoff(ctx) }
	}, want: []string{"drover target.skipped run/1", "drover run.expired run/1"}},

	{method: "CreateRun", prepare: func(f farm) func(context.Context) error {
		n := f.request()
		n.InboxKey = "slash/1"
		return func(ctx context.Context) error { _, _, err := f.CreateRun(ctx, n); return err }
	}, want: []string{"T1/U1 run.requested run/1"}},
	{method: "Claim", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.request())
		return func(ctx context.Context) error { _, _, err := f.Claim(ctx, run.ID, "serve/1", time.Minute); return err }
	}, want: []string{"drover run.started run/1"}},
	{method: "Cancel", variant: "queued", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.request())
		return func(ctx context.Context) error { _, err := f.Cancel(ctx, "T1/U2", run.ID, ""); return err }
	}, want: []string{"T1/U2 run.cancel_requested run/1", "drover target.cancelled run/1", "drover run.cancelled run/1"}},
	{method: "Cancel", variant: "running", prepare: func(f farm) func(context.Context) error {
		run, _ := f.started()
		return func(ctx context.Context) error { _, err := f.Cancel(ctx, "T1/U2", run.ID, ""); return err }
	}, want: []string{"T1/U2 run.cancel_requested run/1"}},
	{method: "Cancel", variant: "waiting for approval", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.needing(1))
		return func(ctx context.Context) error { _, err := f.Cancel(ctx, "T1/U2", run.ID, ""); return err }
	}, want: []string{"T1/U2 run.cancel_requested run/1", "drover target.cancelled run/1", "drover run.cancelled run/1"}},
	{method: "Approve", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.needing(1))
		return func(ctx context.Context) error { return f.Approve(ctx, bob, run.ID, "click/1") }
	}, want: []string{"T1/U2 approval.given run/1", "drover run.queued run/1"}},
	{method: "Approve", variant: "one of two", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.needing(2))
		return func(ctx context.Context) error { return f.Approve(ctx, bob, run.ID, "click/1") }
	}, want: []string{"T1/U2 approval.given run/1"}},
	{method: "DenyApproval", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.needing(1))
		return func(ctx context.Context) error { return f.DenyApproval(ctx, bob, run.ID, "no", "click/1") }
	}, want: []string{"T1/U2 approval.denied run/1", "drover target.skipped run/1", "drover run.denied run/1"}},
	{method: "Review", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.urgent())
		return func(ctx context.Context) error { return f.Review(ctx, bob, run.ID, "click/1") }
	}, want: []string{"T1/U2 run.reviewed run/1"}},
	{method: "VoidRun", prepare: func(f farm) func(context.Context) error {
		run := f.create(f.needing(1))
		return func(ctx context.Context) error { _, err := f.VoidRun(ctx, bob, run.ID, "web1 was changed"); return err }
	}, want: []string{"drover target.skipped run/1", "drover run.denied run/1", "T1/U2 approval.void run/1"}},
	{method: "ExpireUnapproved", prepare: func(f farm) func(context.Context) error {
		n := f.needing(1)
		n.Expiry = -time.Second
		f.create(n)
		return func(ctx context.Context) error { return f.ExpireUnapproved(ctx) }
	}, want: []string{"drover target.skipped run/1", "drover run.expired run/1"}},
	{method: "DenyRun", prepare: func(f farm) func(context.Context) error {
		_, lease := f.started()
		return func(ctx context.Context) error { _, err := f.DenyRun(ctx, lease, "rights lost"); return err }
	}, want: []string{"drover target.skipped run/1", "drover run.denied run/1"}},
	{method: "ExpireQueued", prepare: func(f farm) func(context.Context) error {
		f.create(f.request())
		_, err := f.db.Exec("UPDATE runs SET queued_at = 0")
		ok(f.t, err)
		return func(ctx context.Context) error { return f.ExpireQueued(ctx, time.Minute) }
	}, want: []string{"drover target.skipped run/1", "drover run.expired run/1"}},

	{method: "Pause", prepare: func(f farm) func(context.Context) error {
		run, lease := f.canary()
		f.begin(lease, run.Targets[0].ID)
		f.succeed(lease, run.Targets[0])
		return func(ctx context.Context) error { _, err := f.Pause(ctx, lease, time.Hour); return err }
	}, want: []string{"drover run.paused run/1"}},
	{method: "Continue", prepare: func(f farm) func(context.Context) error {
		run := f.paused()
		return func(ctx context.Context) error { _, err := f.Continue(ctx, "T1/U2", run.ID, "click/1"); return err }
	}, want: []string{"T1/U2 run.continued run/1"}},
	{method: "Cancel", variant: "paused", prepare: func(f farm) func(context.Context) error {
		run := f.paused()
		return func(ctx context.Context) error { _, err := f.Cancel(ctx, "T1/U2", run.ID, ""); return err }
	}, want: []string{"T1/U2 run.cancel_requested run/1", "drover target.cancelled run/1", "drover run.cancelled run/1"}},
	{method: "ExpirePaused", prepare: func(f farm) func(context.Context) error {
		f.paused()
		_, err := f.db.Exec("UPDATE runs SET paused_until = 0")
		ok(f.t, err)
		return f.ExpirePaused
	}, want: []string{"drover target.skipped run/1", "drover run.expired run/1"}},

	{method: "BeginTarget", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		return func(ctx context.Context) error { _, _, err := f.BeginTarget(ctx, lease, run.Targets[0].ID); return err }
	}, want: []string{"drover target.dispatched run/1"}},
	{method: "SendTarget", prepare: func(f farm) func(context.Context) error {
		run, lease := f.restarting(f.servers[0])
		return func(ctx context.Context) error {
			_, _, err := f.SendTarget(ctx, lease, run.Targets[0], machine)
			return err
		}
	}, want: []string{"drover target.sent run/1"}},
	{method: "FinishTarget", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		f.begin(lease, run.Targets[0].ID)
		return func(ctx context.Context) error {
			_, err := f.FinishTarget(ctx, lease, run.Targets[0], store.Result{State: store.TargetUnreachable})
			return err
		}
	}, want: []string{"drover target.unreachable run/1"}},
	{method: "EndPending", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		f.begin(lease, run.Targets[0].ID)
		return func(ctx context.Context) error { return f.EndPending(ctx, lease, store.TargetSkipped, "stopped") }
	}, want: []string{"drover target.skipped run/1"}},
	{method: "SkipWaiting", prepare: func(f farm) func(context.Context) error {
		f.goesOn(store.TargetTimedOut)
		run, lease := f.started()
		return func(ctx context.Context) error {
			_, err := f.SkipWaiting(ctx, lease, run.Targets[0].ID, "waited")
			return err
		}
	}, want: []string{"drover target.skipped run/2"}},
	{method: "FinishRun", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		for _, target := range run.Targets {
			f.begin(lease, target.ID)
			f.succeed(lease, target)
		}
		return func(ctx context.Context) error { _, err := f.FinishRun(ctx, lease); return err }
	}, want: []string{"drover run.succeeded run/1"}},
	{method: "ReapExpired", prepare: func(f farm) func(context.Context) error {
		run, lease := f.started()
		f.begin(lease, run.Targets[0].ID)
		ok(f.t, f.ReleaseOwners(f.t.Context(), "serve/"))
		return func(ctx context.Context) error { _, err := f.ReapExpired(ctx); return err }
	}, want: []string{
		"drover run.abandoned run/1", "drover target.interrupted run/1", "drover target.skipped run/1", "drover run.interrupted run/1",
	}},
	{method: "EndProbes", prepare: func(f farm) func(context.Context) error {
		f.goesOn(store.TargetInterrupted)
		target := f.due()[0]
		return func(ctx context.Context) error { _, err := f.EndProbes(ctx, target, "nobody knows"); return err }
	}, want: []string{"drover target.not_proven run/1"}},
	{method: "Prove", prepare: func(f farm) func(context.Context) error {
		f.goesOn(store.TargetTimedOut)
		target := f.due()[0]
		return func(ctx context.Context) error {
			_, err := f.Prove(ctx, target, store.Result{State: store.TargetSucceeded})
			return err
		}
	}, want: []string{"drover target.proven run/1", "drover run.proven run/1"}},
}

func TestEachChangeWritesItsEntryAndNoChangeWritesNone(t *testing.T) {
	for _, e := range entries {
		t.Run(e.method+e.variant, func(t *testing.T) {
			f := newFarm(t, "web1", "web2")
			change := e.prepare(f)
			var seen int
			written := func() []string {
				var list []string
				ok(t, f.db.Select(&list, "SELECT actor || ' ' || event || ' ' || subject FROM audit WHERE seq > ? ORDER BY seq", seen))
				seen += len(list)
				return list
			}
			written()
			ok(t, change(t.Context()))
			if diff := cmp.Diff(e.want, written()); diff != "" {
				t.Errorf("the change (-want +got)\n%s", diff)
			}
			_ = change(t.Context()) // it may say that the thing is there, or gone, already
			if diff := cmp.Diff(e.again, written()); diff != "" {
				t.Errorf("the same once more (-want +got)\n%s", diff)
			}
			whole(t, f.Store)
		})
	}
}
