package ssh_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"drover/executor/ssh"
)

// TestWarmCommandTakesTwoRoundTrips: on a kept connection the channel is opened, then the command sent; nothing else waits
// for the way. What the machine takes for itself must stay below a third one.
func TestWarmCommandTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	const roundTrip = 50 * time.Millisecond
	private, public := newKey(t)
	distant, server := simulated(t, public, nil)
	distant.SetLatency(roundTrip)
	server.Login = ssh.Login{PrivateKey: private}
	c := pooled(t, ssh.Limits{})
	run(t, c, server, "true")
	best := time.Hour
	for range 10 { // other work can only add to it
		begin := time.Now()
		run(t, c, server, "true")
		best = min(best, time.Since(begin))
	}
	if best < roundTrip || best > roundTrip*5/2 {
		t.Errorf("a command took %v, a round trip takes %v", best, roundTrip)
	}
}

// TestKeptConnectionsAreSmall: they cost at most 120 KB each. The client is a process of its own, without the servers.
func TestKeptConnectionsAreSmall(t *testing.T) {
	t.Parallel()
	const most = 120_000
	private, public := newKey(t)
	var servers []ssh.Server
	for i := range 200 {
		_, server := simulated(t, public, nil)
		server.Name = fmt.Sprintf("web%d", i+1)
		servers = append(servers, server)
	}
	d := measure(t, os.Args[0], job{Client: "drover", Command: "true", Servers: servers, Key: private})
	if d.Failed > 0 || d.Kept < most/20 || d.Kept > most {
		t.Errorf("each kept connection takes %d bytes, %d commands failed", d.Kept, d.Failed)
	}
	t.Logf("%d bytes each", d.Kept)
}
