package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drover/executor"
	"drover/store"
)

// cards are runs as people see them.
func cards(t *testing.T) map[string]store.Run {
	queued := sample(store.Queued, target("web1", store.TargetPending, ""), target("db1", store.TargetPending, ""))
	queued.StartedAt, queued.Reason, queued.Params = nil, "patch day", store.Strings{"security": "true", "mode": "soft"}

	running := sample(store.Running, target("web1", store.TargetSucceeded, "3 packages upgraded"),
		target("web2", store.TargetRunning, ""), target("db1", store.TargetDispatching, ""), target("cache1", store.TargetPending, ""))
	cancelling := running
	cancelling.CancelBy = store.SlackActor("T1", "U2")

	waiting := sample(store.Running, target("web1", store.TargetPending, ""), target("db1", store.TargetRunning, ""))
	waiting.Targets[0].WaitsFor = 41

	denied := sample(store.Denied, target("web1", store.TargetSkipped, ""))
	denied.StateReason = "You may not run `update` on web1: it needs the role operator. Nothing was run."

	expired := sample(store.Expired, target("web1", store.TargetSkipped, "it was not begun within 10m"))
	expired.StartedAt, expired.StateReason = nil, "it was not begun within 10m"

	retried := sample(store.Failed, target("web1", store.TargetFailed, "exit 100"))
	retried.RetriedBy = 43

	partOf := sample(store.Succeeded, target("web1", store.TargetSucceeded, "3 packages upgraded"))
	partOf.Plan = `{"targets":[],"excluded":[{"server":"sw1","reason":"update has no command for ios"},{"server":"db1","reason":"disabled: in repair <!channel>"},` +
		`{"server":"sw2","reason":"update has no command for ios"},{"server":"sw3","reason":"update has no command for ios"}]}`
	terminal := sample(store.Succeeded, target("web1", store.TargetSucceeded, "nothing to upgrade"))
	terminal.Origin, terminal.RequestedBy = store.CLI, store.LocalActor("root")

	paused := ordered(sample(store.Paused, target("web1", store.TargetSucceeded, "3 packages upgraded"),
		target("web2", store.TargetPending, ""), target("web3", store.TargetPending, ""), target("web4", store.TargetPending, "")))
	paused.PausedUntil = ptr(at(time.Hour))
	canary := ordered(sample(store.Running, target("web1", store.TargetRunning, ""),
		target("web2", store.TargetPending, ""), target("web3", store.TargetPending, ""), target("web4", store.TargetPending, "")))
	batch := ordered(sample(store.Running, target("web1", store.TargetSucceeded, "3 packages upgraded"),
		target("web2", store.TargetSucceeded, "nothing to upgrade"), target("web3", store.TargetRunning, ""), target("web4", store.TargetPending, "")))
	batch.ContinuedBy, batch.ContinuedAt = store.SlackActor("T1", "U1"), ptr(at(10*time.Minute))
	badCanary := ordered(sample(store.Failed, target("web1", store.TargetFailed, "exit 100"), target("web2", store.TargetSkipped, "not begun: the canary did not succeed on web1"),
		target("web3", store.TargetSkipped, "not begun: the canary did not succeed on web1"), target("web4", store.TargetSkipped, "not begun: the canary did not succeed on web1")))
	unanswered := ordered(sample(store.Expired, target("web1", store.TargetSucceeded, "3 packages upgraded"), target("web2", store.TargetSkipped, "nobody continued it in time"),
		target("web3", store.TargetSkipped, "nobody continued it in time"), target("web4", store.TargetSkipped, "nobody continued it in time")))
	unanswered.StateReason = "nobody continued it in time"
	changed := ordered(sample(store.Denied, target("web1", store.TargetSucceeded, "3 packages upgraded"), target("web2", store.TargetSkipped, "web2 was changed since this run was asked for"),
		target("web3", store.TargetSkipped, "web2 was changed since this run was asked for"), target("web4", store.TargetSkipped, "web2 was changed since this run was asked for")))
	changed.StateReason = "web2 was changed since this run was asked for. Ask again to run it as it is now."
	changed.ContinuedBy, changed.ContinuedAt = store.SlackActor("T1", "U1"), ptr(at(10*time.Minute))

	asking := awaiting(t, 1, false, target("web1", store.TargetPending, ""), target("db1", store.TargetPending, ""))
	asking.Reason = "the lease is over"
	asking.Targets[0] = looked(asking.Targets[0], "up 12 days · alice, bob (2 sessions) logged in · 3 updates", store.Strings{"users": "2"})
	asking.Targets[1].LookAt = ptr(at(0))
	crowd := awaiting(t, 2, false, many(40)...)
	for i := range crowd.Targets {
		crowd.Targets[i].State, crowd.Targets[i].Summary = store.TargetPending, ""
		switch {
		case i%17 == 16:
			crowd.Targets[i] = looked(crowd.Targets[i], "up 3 days · alice logged in · 0 updates", store.Strings{"users": "1"})
		case i%11 == 10:
			crowd.Targets[i] = looked(crowd.Targets[i], "could not be looked at: it refused the connection", nil)
		case i < 30:
			crowd.Targets[i] = looked(crowd.Targets[i], "up 3 days · nobody logged in · 0 updates", store.Strings{"users": "0"})
		}
	}
	half := awaiting(t, 2, true, target("web1", store.TargetPending, ""))
	half.Approvals = []store.Approval{{Actor: "T1/U1", Decision: store.ApprovalGiven, At: at(time.Minute)}}
	refused := sample(store.Denied, target("web1", store.TargetSkipped, "the backup is running"))
	refused.StartedAt, refused.StateReason = nil, "the backup is running"
	refused.Approvals = []store.Approval{{Actor: "T1/U1", Decision: store.ApprovalDenied, Reason: "the backup is running", At: at(time.Minute)}}
	preview := sample(store.Succeeded, target("web1", store.TargetSucceeded, "3 to upgrade (1 security)"), target("web2", store.TargetSucceeded, "nothing to do"))
	preview.Preview, preview.Options = true, `{"preview":true}`
	previewing := sample(store.Running, target("web1", store.TargetRunning, ""))
	previewing.Preview = true

	standing := asking
	standing.StandingSchedule, standing.Schedule, standing.Reason = ptr("0190-schedule"), "nightly", `schedule nightly shall run it on tag:db at "0 2 * * *" (Europe/Berlin)`
	allowed := standing
	allowed.State, allowed.FinishedAt, allowed.StartedAt = store.Succeeded, ptr(at(time.Minute)), nil
	notAllowed := allowed
	notAllowed.State, notAllowed.StateReason = store.Denied, "the schedule was edited since"

	return map[string]store.Run{
		"preview": preview, "previewing": previewing,
		"paused": paused, "canary": canary, "batch": batch, "bad-canary": badCanary, "unanswered": unanswered, "not-continued": changed,
		"standing": standing, "standing-approved": allowed, "standing-denied": notAllowed,
		"awaiting": asking, "awaiting-40": crowd, "awaiting-second": half, "denied-by": refused,
		"queued": queued, "running": running, "cancelling": cancelling, "waits-for": waiting, "denied": denied, "expired": expired,
		"retried": retried, "terminal": terminal, "left-out": partOf,
		"one-server": sample(store.Succeeded, target("web1", store.TargetSucceeded, "3 packages upgraded")),
		"succeeded":  sample(store.Succeeded, target("web1", store.TargetSucceeded, "3 packages upgraded"), target("web2", store.TargetSucceeded, "nothing to upgrade")),
		"partial":    sample(store.Partial, target("web1", store.TargetSucceeded, "3 packages upgraded"), target("db1", store.TargetFailed, "exit 100")),
		"interrupted": sample(store.Interrupted, target("web1", store.TargetInterrupted, "drover stopped while this was under way: nobody saw how it ended"),
			target("db1", store.TargetSkipped, "not begun: drover stopped before its turn")),
		"cancelled": sample(store.Cancelled, target("web1", store.TargetCancelled, "stopped"), target("db1", store.TargetSucceeded, "nothing to upgrade"),
			target("cache1", store.TargetCancelled, "not begun: the run was cancelled")),
		"failed-40": sample(store.Failed, many(40)...),
	}
}

// ordered makes the first server of a run its canary, and of the others batches of two.
func ordered(run store.Run) store.Run {
	run.Options = `{"canary":1,"batch":"2","max_failures":"1"}`
	for i := range run.Targets {
		run.Targets[i].Batch = (i + 1) / 2
	}
	return run
}

// looked is a server that was looked at for those who approve.
func looked(t store.Target, look string, facts store.Strings) store.Target {
	t.Look, t.Facts, t.LookedAt = look, facts, ptr(at(2*time.Second))
	return t
}

// awaiting is a run that waits for approval, with the plan that the engine recorded.
func awaiting(t testing.TB, needed int, self bool, targets ...store.Target) store.Run {
	t.Helper()
	run := sample(store.AwaitingApproval, targets...)
	run.StartedAt, run.ApprovalsNeeded, run.ApproveBy = nil, needed, ptr(at(time.Hour))
	plan := executor.Plan{Approval: &executor.Approval{Needed: needed, By: []store.Actor{"T1/U1", "T1/U1"}, Self: self}}
	if needed == 1 {
		plan.Approval.Cost = executor.Cost{
			Expected: &executor.Expected{Times: 3, Median: 42 * time.Second, Slowest: 50 * time.Second, All: 45 * time.Second}, TakesDown: true,
			LastDown: []store.Past{{Server: "web1", Run: 7, Action: "reboot", By: "T1/U1", FinishedAt: at(-time.Hour)}},
			CutOff:   []executor.CutOff{{Through: "web1", Servers: []string{"cache1", "db2"}}},
		}
	}
	for _, target := range targets {
		plan.Targets = append(plan.Targets, executor.PlanTarget{Server: target.Server, Batch: 1, Command: "systemctl restart -- 'nginx'"})
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	run.Plan = string(text)
	return run
}

// many are servers of which each third is unreachable and each seventh timed out, and the others failed.
func many(n int) []store.Target {
	targets := make([]store.Target, n)
	for i := range targets {
		state, summary := store.TargetFailed, "exit 100"
		switch {
		case i%3 == 0:
			state, summary = store.TargetUnreachable, "connection refused"
		case i%7 == 0:
			state, summary = store.TargetTimedOut, "not over after 10m"
		}
		targets[i] = target(fmt.Sprintf("web%d", i+1), state, summary)
	}
	return targets
}

func TestCards(t *testing.T) {
	slack := newPoster(t)
	for name, run := range cards(t) {
		t.Run(name, func(t *testing.T) {
			card := renderCard(run)
			golden(t, "card-"+name, card)
			if err := slack.accepted(card); err != nil {
				t.Error(err)
			}
			if err := harmless(card); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whatever servers print and people type, a card pings nobody, links nowhere, keeps one line for each server, and
// Slack takes it.
func TestHostileCards(t *testing.T) {
	slack := newPoster(t)
	for i, text := range hostile {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			run := sample(store.Failed, target("web1", store.TargetFailed, text), target("web2", store.TargetSucceeded, text), target("db1", store.TargetFailed, text))
			run.Reason, run.StateReason, run.Params = text, text, store.Strings{"service": text}
			card := renderCard(run)
			asking := awaiting(t, 1, true, looked(target("web1", store.TargetPending, ""), text, store.Strings{"users": "1"}))
			asking.Reason = text
			if err := errors.Join(slack.accepted(renderCard(asking)), harmless(renderCard(asking))); err != nil {
				t.Error(err)
			}
			if err := slack.accepted(card); err != nil {
				t.Error(err)
			}
			if err := harmless(card); err != nil {
				t.Error(err)
			}
			if lines := strings.Split(serverLines(run), "\n"); len(lines) != 3 {
				t.Errorf("3 servers have the lines %q", lines)
			}
			if blocks := parsed(card); strings.Contains(blocks[1]+blocks[3], "\n") {
				t.Errorf("the first line or the origin became several: %q", blocks)
			}
		})
	}
}

func TestAnyCardIsAccepted(t *testing.T) {
	slack := newPoster(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile))
		run := sample(rapid.SampledFrom([]store.RunState{store.Queued, store.Running, store.Partial, store.Denied}).Draw(t, "state"))
		for i := range rapid.IntRange(1, 30).Draw(t, "servers") {
			state := rapid.SampledFrom(targetOrder).Draw(t, "target state")
			run.Targets = append(run.Targets, target(fmt.Sprintf("web%d", i), state, text.Draw(t, "summary")))
		}
		run.Reason, run.StateReason = text.Draw(t, "reason"), text.Draw(t, "state reason")
		card := renderCard(run)
		if err := slack.accepted(card); err != nil {
			t.Fatal(err)
		}
		if err := harmless(card); err != nil {
			t.Fatal(err)
		}
	})
}

// widest is the run with the most of everything that drover lets in.
func widest(servers int, text string) store.Run {
	run := sample(store.Partial)
	for i := range servers {
		name := fmt.Sprintf("%s-%d", strings.Repeat("very.long-name_", 4), i)
		run.Targets = append(run.Targets, target((name + strings.Repeat("x", 63))[:63], store.TargetFailed, fmt.Sprint(i, " ", text)))
	}
	run.Reason, run.StateReason = strings.Repeat("&", 500), strings.Repeat("<", 500)
	run.Params = store.Strings{}
	for i := range 30 {
		run.Params[fmt.Sprintf("parameter_number_%014d", i)] = strings.Repeat("&", 4096)
	}
	return run
}

func TestCardsAtTheLimits(t *testing.T) {
	slack := newPoster(t)
	for _, servers := range []int{1, maxServerLines, maxServerLines + 1, 200} {
		run := widest(servers, strings.Repeat("&", 200))
		if err := slack.accepted(renderCard(run)); err != nil {
			t.Errorf("%d servers: %v", servers, err)
		}
	}
}

// A card that shows servers one by one shows all of them, however much each has to say.
func TestNoServerIsCutOffACard(t *testing.T) {
	run := widest(maxServerLines, strings.Repeat("&", 200))
	shown := parsed(renderCard(run))[2]
	for _, target := range run.Targets {
		if !strings.Contains(shown, code(target.Server)) {
			t.Errorf("%s is missing from\n%s", target.Server, shown)
		}
	}
}

func TestTook(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 ms": 0, "999 ms": 999 * time.Millisecond, "1.0 s": time.Second, "9.9 s": 9900 * time.Millisecond, "10 s": 10 * time.Second,
		"59 s": 59 * time.Second, "1m00s": time.Minute, "59m59s": time.Hour - time.Second, "1h00m": time.Hour, "26h05m": 26*time.Hour + 5*time.Minute,
	} {
		if got := took(d); got != want {
			t.Errorf("%s is shown as %q, want %q", d, got, want)
		}
	}
}
