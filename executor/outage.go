package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"al.essio.dev/pkg/shellescape"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

// Pace is how drover looks after a server that it took down. Zero fields are filled with defaults.
type Pace struct {
	Look    time.Duration // the most that one look may take; 10 s
	First   time.Duration // until the first look at a server that restarts; each further one waits that much longer; 1 s
	Most    time.Duration // the most between two looks; 5 s
	Slow    time.Duration // between two looks at one that refuses logins: sshd locks out who tries too often; 6 s
	Silence time.Duration // between two looks at one that was switched off; 10 s
}

func (p Pace) withDefaults() Pace {
	fill := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	fill(&p.Look, 10*time.Second)
	fill(&p.First, time.Second)
	fill(&p.Most, 5*time.Second)
	fill(&p.Slow, 6*time.Second)
	fill(&p.Silence, 10*time.Second)
	return p
}

// silences is how many looks in a row must find nobody there before a server counts as switched off.
const silences = 3

// outage follows a server that was told to restart or to switch itself off, until there is proof of how that ended.
type outage struct {
	engine   *Engine
	server   ssh.Server
	platform action.Platform
	verify   store.Verify
	before   store.Host    // what the server said of itself before
	expect   []string      // units that must be active when it is back
	sent     time.Time     // when the command was sent
	limit    time.Duration // from then on
	note     func(seen string)

	up      time.Time     // when it was last seen as it was before; zero: not since drover began to look
	gone    bool          // it was seen to be away
	silent  int           // looks in a row that found nobody there
	since   time.Time     // when the first of them was
	refused bool          // at the last of them, something refused connections where the server should be
	back    time.Time     // when it was first seen as restarted; zero: it was not
	after   store.Host    // what the server says of itself since
	broken  bool          // an expected unit had failed at the last look
	seen    string        // what the last look found
	wait    time.Duration // until the next look, if more than usual
}

// follow looks again and again, until there is proof, or until the limit is over and the last look after it. It returns
// false when ctx has ended before that.
func (o *outage) follow(ctx context.Context) (result store.Result, proven bool) {
	for n := range 1 << 30 {
		if !pause(ctx, o.interval(n)) {
			break
		}
		last := o.now().Sub(o.sent) > o.limit
		seen := o.look(ctx)
		if ctx.Err() != nil {
			break
		}
		if result, proven := o.weigh(seen); proven {
			return result, true
		}
		if last && (o.silent == 0 || o.verify != store.VerifyDown) {
			return o.overdue(), true
		}
		if o.note != nil {
			o.note(o.seen)
		}
	}
	return store.Result{}, false
}

func (o *outage) now() time.Time { return o.engine.store.Now().Time }

// interval is the time before look n.
func (o *outage) interval(n int) time.Duration {
	pace := o.engine.pace
	switch {
	case n > 0 && o.verify == store.VerifyDown:
		return pace.Silence
	case o.wait > 0:
		return o.wait
	}
	return min(time.Duration(n+1)*pace.First, pace.Most)
}

// pause waits, or returns false when ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// sight is what one look at a server found.
type sight struct {
	host  store.Host
	units []string   // the states of the expected units, in their order
	err   *ssh.Error // why there was no answer; nil: there was one
}

// look makes a fresh connection: a kept one may hang on a server that is gone.
func (o *outage) look(ctx context.Context) sight {
	within, cancel := context.WithTimeout(ctx, o.engine.pace.Look)
	defer cancel()
	if o.platform != action.Linux {
		return o.lookAtDevice(within)
	}
	r, err := o.engine.ssh.Run(within, o.server, ssh.Command{Text: o.question(), Fresh: true})
	return sight{host: hostOf(r), units: strings.Fields(r.Stdout), err: failure(err)}
}

// lookAtDevice asks a device only for its host key: there is no command that every one knows and that does nothing.
func (o *outage) lookAtDevice(ctx context.Context) sight {
	keys, err := o.engine.ssh.ScanHostKeysThrough(ctx, o.server.Jump, o.server.Address, o.server.Port)
	if err != nil {
		return sight{err: failure(err)}
	}
	for _, key := range keys {
		if slices.Contains(o.server.HostKeys, key.AuthorizedKey) {
			return sight{}
		}
	}
	return sight{err: &ssh.Error{Kind: ssh.HostKeyChanged, Server: o.server.Name}}
}

func failure(err error) *ssh.Error {
	var e *ssh.Error
	if err == nil || errors.As(err, &e) {
		return e
	}
	return &ssh.Error{Kind: ssh.Local, Err: err}
}

// weigh takes notice of what a look found, and says whether that proves anything.
func (o *outage) weigh(s sight) (store.Result, bool) {
	o.observe(s)
	switch {
	case s.err != nil && s.err.Kind == ssh.HostKeyChanged:
		return o.failed("host_key_changed", s.err.Sentence()), true
	case s.err == nil && o.another(s.host.MachineID):
		return o.failed("other_machine", "Another machine answers where "+o.server.Name+" was: look for what happened, and check its entry."), true
	case o.verify == store.VerifyDown:
		return o.weighDown(s)
	case s.err == nil && o.restarted(s):
		return o.weighBack(s)
	}
	return store.Result{}, false
}

func (o *outage) another(id string) bool {
	return id != "" && o.before.MachineID != "" && id != o.before.MachineID
}

// restarted says whether an answer comes from another boot. A device does not say which boot it is at: it must have been
// away.
func (o *outage) restarted(s sight) bool {
	if o.platform != action.Linux {
		return o.gone
	}
	return s.host.Boot != "" && s.host.Boot != o.before.Boot
}

// weighDown: nobody there, often enough and long enough, is all the proof that there can be.
func (o *outage) weighDown(s sight) (store.Result, bool) {
	switch {
	case s.err == nil && o.platform == action.Linux && o.restarted(s):
		return o.failed("restarted", "It did not stay off: it has restarted, and is up again."), true
	case o.silent < silences:
		return store.Result{}, false
	}
	out := o.succeeded(fmt.Sprintf("stopped answering after %s · power-off cannot be proven", short(o.since.Sub(o.sent))))
	if o.up.IsZero() {
		out.Summary = "does not answer any more · power-off cannot be proven"
	}
	if o.refused {
		out.Summary += " · something still refuses connections there"
	}
	return out, true
}

// question is what a look asks a server with a shell: the state of each expected unit, one to a line.
func (o *outage) question() string {
	if len(o.expect) == 0 {
		return ":"
	}
	return shellescape.QuoteCommand(append([]string{"/bin/sh", "-c", unitStates, "drover"}, o.expect...))
}

// unitStates also knows servers without systemd: there, a service either runs or not.
const unitStates = `for unit; do
	state=inactive
	if [ -d /run/systemd/system ]; then
		state=$(systemctl is-active -- "$unit" 2>/dev/null)
	elif service "$unit" status >/dev/null 2>&1; then
		state=active
	fi
	printf '%s\n' "${state:-unknown}"
done`

// weighBack: it has restarted; what is expected of it must be there too.
func (o *outage) weighBack(s sight) (store.Result, bool) {
	if o.back.IsZero() {
		o.back = o.now()
	}
	o.after = s.host
	var missing []string
	broken := false
	for i, unit := range o.expect {
		state := "unknown"
		if i < len(s.units) {
			state = s.units[i]
		}
		if state != "active" {
			missing = append(missing, unit+" is "+state)
			broken = broken || state == "failed"
		}
	}
	if len(missing) > 0 {
		o.seen = o.downTime() + ", and back, but " + strings.Join(missing, ", ")
		again := o.broken && broken // what systemd starts once more by itself is no longer failed at the second look
		o.broken = broken
		return o.incomplete(), again
	}
	return o.proven(o.succeeded(o.downTime()), o.expected()), true
}

// proven adds to the end of a server that has restarted what is new, and the proof.
func (o *outage) proven(out store.Result, more ...string) store.Result {
	parts := slices.DeleteFunc(append([]string{out.Summary, o.news()}, more...), func(s string) bool { return s == "" })
	out.Summary = strings.Join(parts, " · ")
	out.Host, out.Details = o.after, o.evidence()
	return out
}
