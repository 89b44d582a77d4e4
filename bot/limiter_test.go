package bot

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestLimiterLetsABurstPassAndThenOnePostASecond(t *testing.T) {
	l := newLimiter()
	for i := range postBurst {
		if wait := l.post("C1", noon); wait != 0 {
			t.Fatalf("post %d waits %s", i+1, wait)
		}
	}
	if wait := l.post("C1", noon); wait != time.Second {
		t.Fatalf("after the burst a post waits %s, want 1s", wait)
	}
	if wait := l.post("C1", noon.Add(400*time.Millisecond)); wait != 600*time.Millisecond {
		t.Fatalf("a post waits %s, want 600ms", wait)
	}
	if wait := l.post("C1", noon.Add(time.Second)); wait != 0 {
		t.Fatalf("after the wait a post waits %s", wait)
	}
}

func TestLimiterCountsPostsOfEachChannelAlone(t *testing.T) {
	l := newLimiter()
	for range postBurst {
		l.post("C1", noon)
	}
	if wait := l.post("C2", noon); wait != 0 {
		t.Fatalf("another channel waits %s", wait)
	}
}

func TestLimiterKeepsUpdatesForFinalStates(t *testing.T) {
	l := newLimiter()
	progress := 0
	for l.update(false, noon) == 0 {
		progress++
	}
	if progress != updateBurst-kept {
		t.Fatalf("%d progress edits passed, want %d", progress, updateBurst-kept)
	}
	for i := range kept {
		if wait := l.update(true, noon); wait != 0 {
			t.Fatalf("final edit %d waits %s", i+1, wait)
		}
	}
	if wait := l.update(true, noon); wait != updateEvery {
		t.Fatalf("with nothing left a final edit waits %s, want %s", wait, updateEvery)
	}
}

// Slack takes 50 chat.update a minute for the whole app, whichever minute one looks at.
func TestLimiterStaysBelowSlacksUpdatesPerMinute(t *testing.T) {
	l := newLimiter()
	var made []time.Time
	for now := noon; now.Before(noon.Add(5 * time.Minute)); now = now.Add(10 * time.Millisecond) {
		for l.update(true, now) == 0 {
			made = append(made, now)
		}
	}
	for i := range made {
		if i >= 50 && made[i].Sub(made[i-50]) < time.Minute {
			t.Fatalf("51 updates within %s", made[i].Sub(made[i-50]))
		}
	}
	if len(made) < 5*40 {
		t.Fatalf("only %d updates in 5 minutes", len(made))
	}
}

func TestLimiterTakesSlacksWord(t *testing.T) {
	l := newLimiter()
	l.pause("post/C1", noon.Add(30*time.Second))
	if wait := l.post("C1", noon); wait != 30*time.Second {
		t.Fatalf("a post waits %s, want 30s", wait)
	}
	if wait := l.canPost("C1", noon.Add(29*time.Second)); wait != time.Second {
		t.Fatalf("a post would wait %s, want 1s", wait)
	}
	if l.post("C2", noon) != 0 || l.update(true, noon) != 0 {
		t.Fatal("what Slack said of one method and channel holds up another")
	}
	if wait := l.post("C1", noon.Add(30*time.Second)); wait != 0 {
		t.Fatalf("after the pause a post waits %s", wait)
	}
}

func TestLimiterAsksWithoutTaking(t *testing.T) {
	l := newLimiter()
	for range 100 {
		if wait := l.canPost("C1", noon) + l.canUpdate(true, noon) + l.canUpdate(false, noon); wait != 0 {
			t.Fatalf("asking costs %s", wait)
		}
	}
}

func TestLimiterGivesEachCallOnce(t *testing.T) {
	l := newLimiter()
	var taken atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if l.update(true, noon) == 0 {
				taken.Add(1)
			}
		})
	}
	group.Wait()
	if taken.Load() != updateBurst {
		t.Fatalf("%d of 100 calls at once passed, want %d", taken.Load(), updateBurst)
	}
}
