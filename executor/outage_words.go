package executor

import (
	"fmt"
	"strings"
	"time"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

// observe keeps what a look found: for the proof, for people, and for when to look again.
func (o *outage) observe(s sight) {
	o.wait, o.refused = 0, false
	switch {
	case s.err == nil:
		o.silent = 0
		o.seen = "it answers, without saying at which boot it is"
		if o.platform != action.Linux || s.host.Boot != "" && s.host.Boot == o.before.Boot {
			o.up, o.seen = o.now(), "it is still up"
		}
	case s.err.Kind == ssh.JumpForbidden:
		o.silent, o.seen = 0, "its jump host "+s.err.Jump+" does not pass connections on"
	case s.err.Jump != "":
		o.silent, o.seen = 0, "its jump host "+s.err.Jump+" cannot be reached"
	default:
		o.gone = true
		o.absent(s.err)
	}
}

// absent reads why there was no answer. Refused logins are looked at slowly: sshd counts them, and locks out.
func (o *outage) absent(e *ssh.Error) {
	pace := o.engine.pace
	switch e.Kind {
	case ssh.Refused, ssh.Silent, ssh.NoRoute:
		if o.silent++; o.silent == 1 {
			o.since = o.now()
		}
		o.refused = e.Kind == ssh.Refused
		o.seen = "no answer"
		if o.refused {
			o.seen = "connections are refused"
		}
		return
	case ssh.LoginClosed, ssh.LoginRefused, ssh.LoginSilent, ssh.NoHandshake:
		o.wait = pace.Slow
	case ssh.Throttled:
		o.wait = 2 * pace.Slow
	case ssh.HeldBack:
		o.wait = max(pace.Slow, e.Until.Sub(o.now()))
	}
	o.silent, o.seen = 0, stage(e)
}

// stage is how far a server has come that does not let drover in yet.
func stage(e *ssh.Error) string {
	said := strings.Join(strings.Fields(e.Banner), " ")
	switch {
	case strings.Contains(said, "booting"):
		return "booting: it lets nobody in yet"
	case strings.Contains(said, "going down"):
		return "going down: it lets nobody in any more"
	case e.Kind == ssh.LoginRefused || e.Kind == ssh.HeldBack:
		return "it is up, and refuses drover's login"
	case e.Kind == ssh.TimedOut, e.Kind == ssh.LoginSilent, e.Kind == ssh.NoHandshake:
		return "it accepts connections, and then says nothing"
	case e.Kind == ssh.LoginClosed, e.Kind == ssh.LinkLost:
		return "it accepts connections, and drops them"
	}
	return strings.TrimSuffix(e.Sentence(), ".")
}

// overdue is the end when the limit is over without proof of success.
func (o *outage) overdue() store.Result {
	limit := store.Span(o.limit)
	switch {
	case o.verify == store.VerifyDown:
		return o.failed("not_down", fmt.Sprintf("It has not gone down within %s. Last seen: %s.", limit, o.seen))
	case !o.back.IsZero():
		return o.incomplete()
	case o.gone:
		return o.failed("not_back", fmt.Sprintf("It has not come back within %s: look at its console. Last seen: %s.", limit, o.seen))
	}
	return o.failed("not_restarted", fmt.Sprintf("It has not restarted within %s. Last seen: %s.", limit, o.seen))
}

func (o *outage) failed(kind, summary string) store.Result {
	return store.Result{State: store.TargetFailed, ErrorKind: kind, Summary: summary}
}

func (o *outage) succeeded(summary string) store.Result {
	code := 0
	return store.Result{State: store.TargetSucceeded, ExitCode: &code, Summary: summary}
}

// downTime is how long it was away, at most: from when it was last seen to when it was seen again.
func (o *outage) downTime() string {
	if o.up.IsZero() {
		return "restarted"
	}
	return "down " + short(o.back.Sub(o.up))
}

// incomplete is the end of a server that has restarted, without all that is expected of it.
func (o *outage) incomplete() store.Result { return o.proven(o.failed("expected_unit", o.seen)) }

// news is the kernel after a restart, and the one before it if that was another.
func (o *outage) news() string {
	switch now := o.after.Kernel; now {
	case "":
		return ""
	case o.before.Kernel:
		return "kernel " + now
	default:
		return "kernel " + o.before.Kernel + " → " + now
	}
}

// expected says that what is expected of a server is there again.
func (o *outage) expected() string {
	if len(o.expect) == 0 {
		return ""
	}
	return strings.Join(o.expect, ", ") + " active"
}

// evidence is the proof itself, for who wants to see it.
func (o *outage) evidence() string {
	const layout = "15:04:05 UTC"
	lines := []string{"told to restart at " + o.sent.UTC().Format(layout)}
	if !o.up.IsZero() {
		lines = append(lines, "last seen before it at "+o.up.UTC().Format(layout))
	}
	lines = append(lines, "first seen after it at "+o.back.UTC().Format(layout))
	if o.after.Boot != "" {
		lines = append(lines, "boot before "+o.before.Boot, "boot after  "+o.after.Boot)
	}
	return strings.Join(lines, "\n")
}

// short is a length of time for a summary: "41 s", "2m05s".
func short(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second).Seconds())))
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
