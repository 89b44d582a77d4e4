package slacksim

import (
	"log/slog"
	"time"
)

// Config says what New builds. Only Manifest is required.
type Config struct {
	// Manifest is the Slack app manifest in JSON. Its scopes, commands,
	// shortcuts and events decide what the app may do and hears about.
	Manifest []byte
	// Listen is the loopback address to listen on; default "127.0.0.1:0".
	Listen string
	// Team is the workspace; the default is T01DROVER "Drover Demo".
	Team Team
	// Now is the clock of everything that is dated or expires; default time.Now.
	Now func() time.Time
	// Log gets one line per refused call and per connection; default: discarded.
	Log *slog.Logger
	// Limits are Slack's unless set.
	Limits Limits
	// Aside is what a demo shows beside Slack on the page; nil: nothing.
	Aside *Aside
}

// Team is a workspace.
type Team struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`
	// Enterprise is the id of the Enterprise Grid organisation that the
	// workspace belongs to; "": none.
	Enterprise string `json:"enterprise"`
}

// Limits are Slack's limits. A zero field means Slack's own value; a negative
// rate means no limit.
type Limits struct {
	// PostPerSecond and PostBurst bound chat.postMessage per channel (1/s, 5).
	PostPerSecond float64
	PostBurst     int
	// PostPerMinute bounds chat.postMessage in the whole workspace (300).
	PostPerMinute int
	// PerMinute overrides the calls per minute of a method by its name; the
	// default is that of the method's tier (20, 50 or 100).
	PerMinute map[string]int
	// NoRates turns every rate limit off.
	NoRates bool

	// Ack is how long an envelope may stay unacknowledged (3 s).
	Ack time.Duration
	// AckBytes is the size from which an ack is silently dropped (20 KiB).
	AckBytes int
	// EventRetries are the waits before each redelivery of an event that was
	// not acked (at once, 1 min, 5 min).
	EventRetries []time.Duration
	// Connections is the number of simultaneous sockets (10).
	Connections int
	// Ping is the interval of the server's websocket pings (10 s). slack-go
	// gives up after 30 s without one.
	Ping time.Duration
	// ConnectionLife is how long a socket lives before Slack asks for a new one
	// (18060 s); Grace is the time between that request and the end (10 s).
	ConnectionLife time.Duration
	Grace          time.Duration
	// Trigger is the life of a trigger_id (3 s).
	Trigger time.Duration
	// ResponseURLUses and ResponseURLLife bound a response_url (5, 30 min).
	ResponseURLUses int
	ResponseURLLife time.Duration
	// CallHistory is how many API calls Calls remembers (20 000).
	CallHistory int
}

func (c Config) withDefaults() Config {
	setDefault(&c.Listen, "127.0.0.1:0")
	setDefault(&c.Team.ID, "T01DROVER")
	setDefault(&c.Team.Name, "Drover Demo")
	setDefault(&c.Team.Domain, "drover-demo")
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Limits = c.Limits.withDefaults()
	return c
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.PostPerSecond, 1)
	setDefault(&l.PostBurst, 5)
	setDefault(&l.PostPerMinute, 300)
	setDefault(&l.Ack, 3*time.Second)
	setDefault(&l.AckBytes, 20<<10)
	if l.EventRetries == nil {
		l.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	setDefault(&l.Connections, 10)
	setDefault(&l.Ping, 10*time.Second)
	setDefault(&l.ConnectionLife, 18060*time.Second)
	setDefault(&l.Grace, 10*time.Second)
	setDefault(&l.Trigger, 3*time.Second)
	setDefault(&l.ResponseURLUses, 5)
	setDefault(&l.ResponseURLLife, 30*time.Minute)
	setDefault(&l.CallHistory, 20_000)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
