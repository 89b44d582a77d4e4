package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

const (
	bob   = store.Actor("T1/U2")
	carol = store.Actor("T1/U3")
)

// counted says whether a decision counted.
func counted(err error) (bool, error) {
	if errors.Is(err, store.ErrTooLate) {
		return false, nil
	}
	return err == nil, err
}

// needing asks for a run that needs n approvals within the hour.
func (f farm) needing(n int) store.NewRun {
	request := f.request()
	request.ApprovalsNeeded, request.Expiry = n, time.Hour
	return request
}

// events are those of the audit log about a subject.
func (f farm) events(subject string) []string {
	f.t.Helper()
	var events []string
	ok(f.t, f.db.Select(&events, "SELECT event FROM audit WHERE subject = ? ORDER BY seq", subject))
	return events
}

func (f farm) votes(id string) map[store.Actor]store.Decision {
	f.t.Helper()
	made := map[store.Actor]store.Decision{}
	for _, a := range f.read(id).Approvals {
		made[a.Actor] = a.Decision
	}
	return made
}

func TestARunThatNeedsApprovalWaits(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.needing(2))
	got := f.read(run.ID)
	if got.State != store.AwaitingApproval || got.QueuedAt != nil || got.ApprovalsNeeded != 2 || !got.ApproveBy.Equal(run.CreatedAt.Add(time.Hour).Time) {
		t.Fatalf("%s, queued at %v, needs %d until %v", got.State, got.QueuedAt, got.ApprovalsNeeded, got.ApproveBy)
	}
	if ids := get[[]string](t)(f.QueuedRuns(t.Context())); len(ids) > 0 {
		t.Errorf("to be claimed: %v", ids)
	}
	_, claimed, err := f.Claim(t.Context(), run.ID, "serve/1", time.Minute)
	want(t, false)(claimed, err)
	waiting := get[[]store.Run](t)(f.AwaitingApprovals(t.Context()))
	if len(waiting) != 1 || waiting[0].ID != run.ID || len(waiting[0].Targets) != 1 {
		t.Errorf("waiting: %+v", waiting)
	}

	ok(t, f.Approve(t.Context(), bob, run.ID, ""))
	wantErr(t, f.Approve(t.Context(), bob, run.ID, ""), store.ErrExists)
	if got := f.read(run.ID); got.State != store.AwaitingApproval || got.Version <= run.Version {
		t.Fatalf("after one of two, and that twice, it is %s in version %d", got.State, got.Version)
	}
	ok(t, f.Approve(t.Context(), carol, run.ID, ""))
	if got = f.read(run.ID); got.State != store.Queued || got.QueuedAt == nil {
		t.Fatalf("after two of two it is %s", got.State)
	}
	if diff := cmp.Diff(map[store.Actor]store.Decision{bob: store.ApprovalGiven, carol: store.ApprovalGiven}, f.votes(run.ID)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantErr(t, f.Approve(t.Context(), "T1/U4", run.ID, ""), store.ErrTooLate)
	wantErr(t, f.DenyApproval(t.Context(), bob, run.ID, "no", ""), store.ErrTooLate)
	if diff := cmp.Diff([]string{"run.requested", "approval.given", "approval.given", "run.queued"}, f.events("run/1")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOneDenialEndsARun(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.needing(2))
	ok(t, f.Approve(t.Context(), bob, run.ID, ""))
	ok(t, f.DenyApproval(t.Context(), bob, run.ID, "the backup is running", "")) // they changed their mind
	got := f.read(run.ID)
	if got.State != store.Denied || got.StateReason != "the backup is running" || got.Targets[0].State != store.TargetSkipped || got.FinishedAt == nil {
		t.Errorf("it is %s because %q, its target %s", got.State, got.StateReason, got.Targets[0].State)
	}
	if diff := cmp.Diff(map[store.Actor]store.Decision{bob: store.ApprovalDenied}, f.votes(run.ID)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantErr(t, f.Approve(t.Context(), carol, run.ID, ""), store.ErrTooLate)
	if diff := cmp.Diff([]string{"run.requested", "approval.given", "approval.denied", "target.skipped", "run.denied"}, f.events("run/1")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A delivery that comes twice is one decision, whatever has become of the run meanwhile.
func TestADecisionThatIsDeliveredTwice(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.needing(2))
	for range 2 {
		ok(t, f.Approve(t.Context(), bob, run.ID, "click/1"))
	}
	ok(t, f.DenyApproval(t.Context(), carol, run.ID, "no", "click/2"))
	before := dump(t, f.db)
	ok(t, f.DenyApproval(t.Context(), carol, run.ID, "no", "click/2"))
	ok(t, f.Approve(t.Context(), bob, run.ID, "click/1"))
	if diff := cmp.Diff(before, dump(t, f.db)); diff != "" {
		t.Errorf("it changed something:\n%s", diff)
	}
}

func TestARunThatNobodyApprovesExpires(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, filepath.Join(t.TempDir(), "drover.db"), store.Options{Now: c.Now}), "web1")
	late, half := f.create(f.needing(1)), f.create(f.needing(2))
	ok(t, f.Approve(t.Context(), bob, half.ID, ""))
	c.advance(time.Hour - time.Microsecond)
	ok(t, f.ExpireUnapproved(t.Context()))
	if got := f.read(late.ID); got.State != store.AwaitingApproval {
		t.Fatalf("a moment before its end it is %s", got.State)
	}
	c.advance(time.Microsecond)
	wantErr(t, f.Approve(t.Context(), bob, late.ID, ""), store.ErrTooLate) // before anybody has looked
	fresh := f.create(f.needing(1))
	ok(t, f.ExpireUnapproved(t.Context()))
	for run, want := range map[string]store.RunState{late.ID: store.Expired, half.ID: store.Expired, fresh.ID: store.AwaitingApproval} {
		if got := f.read(run); got.State != want {
			t.Errorf("#%d is %s, want %s", got.Number, got.State, want)
		}
	}
	if got := f.read(late.ID); got.StateReason == "" || got.Targets[0].State != store.TargetSkipped {
		t.Errorf("it expired because %q with its target %s", got.StateReason, got.Targets[0].State)
	}
}

// Who approved it, and the plan that they saw, are in the log that nobody can change.
func TestApprovalsAreAudited(t *testing.T) {
	f := newFarm(t, "web1")
	run := f.create(f.needing(1))
	ok(t, f.Approve(t.Context(), bob, run.ID, ""))
	var entries []store.AuditEntry
	ok(t, f.db.Select(&entries, "SELECT * FROM audit WHERE event = 'approval.given'"))
	if len(entries) != 1 || entries[0].Actor != bob || entries[0].Payload != `{"plan_hash":"`+run.PlanHash+`","reason":""}` {
		t.Errorf("%+v", entries)
	}
}
