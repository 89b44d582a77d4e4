package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"drover/store"
)

// printed is a target whose whole result is one output.
func printed(server string, state store.TargetState, output string) store.Target {
	t := target(server, state, "")
	t.Stdout, t.Stderr = output, ""
	return t
}

func TestNewReplies(t *testing.T) {
	toldOf := func(t store.Target, message string) store.Target { t.MessageID = &message; return t }
	reply := func(servers ...string) store.NewReply {
		for i := range servers {
			servers[i] = "id-" + servers[i]
		}
		return store.NewReply{Kind: store.MessageReply, Targets: servers}
	}
	long := func(r store.NewReply) store.NewReply { r.File = true; return r }
	for name, c := range map[string]struct {
		run  store.Run
		want []store.NewReply
	}{
		"nothing yet": {sample(store.Running, target("web1", store.TargetRunning, ""), target("web2", store.TargetPending, "")), nil},
		"a failure at once, a success at the end": {
			sample(store.Running, printed("web1", store.TargetSucceeded, "ok"), printed("web2", store.TargetFailed, "no"), target("web3", store.TargetRunning, "")),
			[]store.NewReply{reply("web2")},
		},
		"failures first": {
			sample(store.Partial, printed("web1", store.TargetSucceeded, "ok"), printed("web2", store.TargetUnreachable, "x"),
				printed("web3", store.TargetTimedOut, "y"), printed("web4", store.TargetInterrupted, "z")),
			[]store.NewReply{reply("web2"), reply("web3"), reply("web4"), reply("web1")},
		},
		"told already": {
			sample(store.Partial, toldOf(printed("web1", store.TargetFailed, "no"), "m1"), printed("web2", store.TargetSucceeded, "ok")),
			[]store.NewReply{reply("web2")},
		},
		"identical outputs": {
			sample(store.Succeeded, printed("web1", store.TargetSucceeded, "ok"), printed("db1", store.TargetSucceeded, "other"), printed("web2", store.TargetSucceeded, "ok")),
			[]store.NewReply{reply("web1", "web2"), reply("db1")},
		},
		"identical but for the own name": {
			sample(store.Succeeded, printed("web1", store.TargetSucceeded, "web1: ok (web1.example.com)"), printed("web2", store.TargetSucceeded, "web2: ok (web2.example.com)")),
			[]store.NewReply{reply("web1", "web2")},
		},
		"the own name within another name": {
			sample(store.Succeeded, printed("web1", store.TargetSucceeded, "cannot reach web10"), printed("web2", store.TargetSucceeded, "cannot reach web20")),
			[]store.NewReply{reply("web1"), reply("web2")},
		},
		"a name that is a word of the output": {
			sample(store.Succeeded, printed("a", store.TargetSucceeded, "all is a man"), printed("b", store.TargetSucceeded, "bll is b mbn")),
			[]store.NewReply{reply("a"), reply("b")},
		},
		"same output, other end": {
			sample(store.Partial, printed("web1", store.TargetSucceeded, "ok"), printed("web2", store.TargetFailed, "ok"), printed("web3", store.TargetUnreachable, "ok")),
			[]store.NewReply{reply("web2"), reply("web3"), reply("web1")},
		},
		"what was not begun": {
			sample(store.Cancelled, target("web1", store.TargetSkipped, "not begun"), store.Target{ID: "x", State: store.TargetCancelled}, printed("web3", store.TargetCancelled, "half")),
			[]store.NewReply{reply("web3")},
		},
		"long output": {
			sample(store.Succeeded, printed("web1", store.TargetSucceeded, strings.Repeat("é", maxOutput)), printed("web2", store.TargetSucceeded, strings.Repeat("é", maxOutput+1))),
			[]store.NewReply{reply("web1"), long(reply("web2"))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, newReplies(c.run)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		groups, room int
		final        bool
		replies      int
		file         int // how many groups the file holds; 0: no file
	}{
		{0, 20, true, 0, 0},
		{20, 20, true, 20, 0},
		{21, 20, true, 19, 2},
		{300, 20, true, 19, 281},
		{1, 1, true, 1, 0},
		{2, 1, true, 0, 2},
		{19, 20, false, 19, 0},
		{20, 20, false, 19, 0}, // one place is kept
		{5, 1, false, 0, 0},
	} {
		groups := make([][]store.Target, c.groups)
		for i := range groups {
			groups[i] = []store.Target{{ID: fmt.Sprint(i)}}
		}
		got := within(groups, c.room, c.final)
		file := 0
		if n := len(got); n > 0 && got[n-1].Kind == store.MessageFile {
			file, got = len(got[n-1].Targets), got[:n-1]
		}
		if len(got) != c.replies || file != c.file {
			t.Errorf("%+v: %d replies and a file of %d", c, len(got), file)
		}
	}
}

// Over the whole life of a run, in whatever order its servers end and whenever somebody looks: at most 20 replies,
// each server that has something to tell in exactly one of them, and nothing more to say at the end.
func TestRepliesOfAWholeLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		life := life{run: sample(store.Running), told: map[string]int{}}
		for i := range rapid.IntRange(1, 80).Draw(t, "servers") {
			life.run.Targets = append(life.run.Targets, target(fmt.Sprintf("web%d", i), store.TargetRunning, ""))
		}
		states := rapid.SampledFrom([]store.TargetState{
			store.TargetSucceeded, store.TargetFailed, store.TargetUnreachable, store.TargetTimedOut, store.TargetCancelled, store.TargetInterrupted,
		})
		for _, i := range rapid.Permutation(indexes(len(life.run.Targets))).Draw(t, "order") {
			output := rapid.SampledFrom([]string{"", "ok", "web1", "%s: ok", "%s0 is away", strings.Repeat("x", maxOutput+1)}).Draw(t, "output")
			server := life.run.Targets[i].Server
			life.run.Targets[i] = printed(server, states.Draw(t, "state"), strings.ReplaceAll(output, "%s", server))
			if rapid.Bool().Draw(t, "look") {
				life.look(t)
			}
		}
		life.run.State = store.Partial
		life.look(t)
		for _, target := range life.run.Targets {
			if life.told[target.ID] != 1 {
				t.Fatalf("%s is told of %d times", target.Server, life.told[target.ID])
			}
		}
		if life.replies > maxReplies {
			t.Fatalf("%d replies", life.replies)
		}
		if more := newReplies(life.run); len(more) > 0 {
			t.Fatalf("at the end there is more to say: %+v", more)
		}
	})
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// life is a run and what its thread has told so far.
type life struct {
	run     store.Run
	replies int
	told    map[string]int
}

// look takes the replies that are due into the thread, as the store does.
func (l *life) look(t *rapid.T) {
	failuresOver := false
	for _, reply := range newReplies(l.run) {
		l.replies++
		id := fmt.Sprint("m", l.replies)
		var first *store.Target
		for i := range l.run.Targets {
			target := &l.run.Targets[i]
			if !slices.Contains(reply.Targets, target.ID) {
				continue
			}
			l.told[target.ID]++
			target.MessageID = &id
			if first == nil {
				first = target
			}
			checkMember(t, reply, *first, *target)
		}
		if reply.Kind == store.MessageFile {
			continue
		}
		if isFailure(first.State) && failuresOver {
			t.Fatalf("%s failed and is told of after successes", first.Server)
		}
		failuresOver = failuresOver || !isFailure(first.State)
	}
}

// checkMember: what shares a reply ended alike, and printed the same but for its own name.
func checkMember(t *rapid.T, reply store.NewReply, first, target store.Target) {
	if reply.Kind == store.MessageFile {
		return
	}
	same := first.State == target.State && strings.ReplaceAll(first.Stdout, first.Server+":", "") == strings.ReplaceAll(target.Stdout, target.Server+":", "")
	if !same && first.Stdout != target.Stdout && (first.Stdout != first.Server || target.Stdout != target.Server) {
		t.Fatalf("%s and %s share a reply: %q, %q", first.Server, target.Server, first.Stdout, target.Stdout)
	}
	if reply.File != needsFile([]store.Target{target}) {
		t.Fatalf("%s prints %d characters, and a file is %t", target.Server, len(target.Stdout), reply.File)
	}
}

// TestALogGoesIntoAFile: what an action makes of its output is shown, and shared by servers of which only the log differs;
// the log itself is in the file. Marked lines are for drover and are nowhere.
func TestALogGoesIntoAFile(t *testing.T) {
	updated := func(name, log string) store.Target {
		done := printed(name, store.TargetSucceeded, log+"\n\n@@drover result\n@@drover changed curl 7.1 7.2\n@@drover end\n")
		done.Summary, done.Details = "1 upgraded", "curl 7.1 → 7.2"
		return done
	}
	targets := []store.Target{updated("web1", "Unpacking curl"), updated("web2", "Get:1 curl\nUnpacking curl"), updated("web3", "")}
	replies := newReplies(sample(store.Succeeded, targets...))
	if len(replies) != 1 || len(replies[0].Targets) != 3 || !replies[0].File {
		t.Fatalf("the replies are %+v", replies)
	}
	if needsFile(targets[2:]) {
		t.Error("a file for a server without a log")
	}
	want := "web1: 1 upgraded\n\ncurl 7.1 → 7.2\n\nUnpacking curl\n"
	if got := whole(targets[0], ""); got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
	plain := printed("web1", store.TargetFailed, "one\ntwo\n")
	plain.Details = "one\ntwo"
	if got, want := whole(plain, ""), "web1: failed\n\none\ntwo\n"; got != want || needsFile([]store.Target{plain}) {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

func TestReplies(t *testing.T) {
	slack := newPoster(t)
	quiet := target("web1", store.TargetUnreachable, "connection refused")
	details := target("web1", store.TargetSucceeded, "3 packages upgraded")
	details.Details = "curl 7.88.1-10+deb12u8 → 7.88.1-10+deb12u12\n"
	long := printed("web1", store.TargetFailed, strings.Repeat("a line of output\n", 1000)+"the reason\n")
	for name, targets := range map[string][]store.Target{
		"one":        {target("web1", store.TargetSucceeded, "3 packages upgraded")},
		"failed":     {target("db1", store.TargetFailed, "exit 100")},
		"group":      {target("web1", store.TargetSucceeded, "ok"), target("web2", store.TargetSucceeded, "ok"), target("web3", store.TargetSucceeded, "ok")},
		"no-output":  {quiet},
		"details":    {details},
		"long":       {long},
		"hostile":    {printed("web1", store.TargetFailed, "<!channel> <@U2> ``` <http://evil.example|click> \u202e")},
		"bad-reason": {target("web1", store.TargetFailed, "<!channel> ``` <http://evil.example|click>")},
	} {
		t.Run(name, func(t *testing.T) {
			reply := renderReply(sample(store.Partial, targets...), targets)
			golden(t, "reply-"+name, reply)
			if err := slack.accepted(reply); err != nil {
				t.Error(err)
			}
			if err := harmless(reply); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHostileReplies(t *testing.T) {
	slack := newPoster(t)
	for i, text := range hostile {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			hurt := target("web1", store.TargetFailed, text)
			hurt.Stdout, hurt.Stderr, hurt.Details = text, text, text
			reply := renderReply(sample(store.Failed, hurt), []store.Target{hurt})
			if err := slack.accepted(reply); err != nil {
				t.Error(err)
			}
			if err := harmless(reply); err != nil {
				t.Error(err)
			}
			if title := parsed(reply)[1]; strings.Contains(title, "\n") {
				t.Errorf("the title became several lines: %q", title)
			}
		})
	}
}

// Scripts read the servers of a reply from its metadata; Slack takes 8 KiB of it.
func TestRepliesAtTheLimits(t *testing.T) {
	slack := newPoster(t)
	for _, n := range []int{1, 100, 200} {
		targets := widest(n, strings.Repeat("&", 200)).Targets
		reply := renderReply(sample(store.Failed, targets...), targets)
		if err := slack.accepted(reply); err != nil {
			t.Errorf("%d servers: %v", n, err)
		}
		if !strings.Contains(reply.text, "failed") {
			t.Errorf("%d servers: the notification %q does not tell how it ended", n, reply.text)
		}
	}
	few := renderReply(sample(store.Failed), []store.Target{target("web2", store.TargetFailed, "x"), target("web1", store.TargetFailed, "x")})
	want := map[string]any{"run": 42, "servers": []string{"web2", "web1"}}
	if diff := cmp.Diff(want, few.metadata.EventPayload); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	got := tail(strings.Repeat("line\n", 100)+"the reason", 50)
	if !strings.HasSuffix(got, "\nthe reason") || !strings.HasPrefix(got, "… ") || strings.Contains(got, "\nine") {
		t.Errorf("the end is %q", got)
	}
	if got := tail("short", 50); got != "short" {
		t.Errorf("a short text becomes %q", got)
	}
	if got := tail(strings.Repeat("é", 60), 50); !strings.HasSuffix(got, "\n"+strings.Repeat("é", 50)) {
		t.Errorf("one long line becomes %q", got)
	}
}

func TestTheFileHoldsEverything(t *testing.T) {
	one := target("web1", store.TargetFailed, "exit 100")
	want := "web1: failed: exit 100\n\nReading package lists...\nweb1: done\n\nE: Could not get lock /var/lib/dpkg/lock-frontend\n"
	if diff := cmp.Diff(want, whole(one, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := whole(target("web2", store.TargetUnreachable, "connection refused"), ""); got != "web2: unreachable: connection refused\n" {
		t.Errorf("a server that printed nothing has the file %q", got)
	}
}
