package executor

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"drover/store"
)

// Request is what somebody wants done.
type Request struct {
	Actor     store.Actor
	Action    string
	Selector  []string // the words that name servers, as typed: web1, web*, web[1-3], tag:prod, all, !web2
	Params    map[string]string
	Options   Options
	Reason    string
	Origin    store.Origin
	Channel   string          // where the card goes; "": nowhere
	Private   bool            // nobody but the actor reads Channel
	InboxKey  string          // what Slack calls this delivery; "": not from Slack
	RetryOf   string          // the run that this one repeats; "": none
	Standing  *store.Standing // the revision of a schedule that it only asks for; nil: it is to run
	Stage     *store.Stage    // what it is to an occurrence of a schedule; nil: to none
	Inherited bool            // its options are a schedule's: nobody chose them for these servers
}

// Options say how a run goes about its servers, whatever the action.
type Options struct {
	Urgent      bool          `json:"urgent,omitempty"`       // break-glass: without approvals, for a reason
	Canary      int           `json:"canary,omitempty"`       // servers that go first; the others wait for Continue; 0: none
	Batch       Share         `json:"batch,omitempty"`        // servers that begin together; "": all
	MaxFailures Share         `json:"max_failures,omitempty"` // failed servers beyond which nothing new begins; "": no limit
	Parallel    int           `json:"parallel,omitempty"`     // servers at the same time; 0: the engine's limit
	Timeout     time.Duration `json:"timeout,omitempty"`      // of the command on each server; 0: the action's
	Preview     bool          `json:"preview,omitempty"`      // only look at what would be done. Nobody can type it: see Engine.Look
}

// MaxTimeout is the longest that anybody can ask drover to wait for one command.
const MaxTimeout = 24 * time.Hour

var paramName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// ParseRequest reads the words after the command's name: an action, then targets, options and parameters in any order.
func ParseRequest(words []string) (Request, error) {
	if len(words) == 0 {
		return Request{}, usage("Say what to do and where, for example `update web1 db1`.")
	}
	for _, word := range words {
		if err := checkText(word); err != nil {
			return Request{}, err
		}
	}
	r := Request{Action: strings.ToLower(words[0]), Params: map[string]string{}}
	for _, word := range words[1:] {
		name, value, assigned := strings.Cut(word, "=")
		if !assigned {
			r.Selector = append(r.Selector, strings.ToLower(word))
			continue
		}
		if err := r.assign(strings.ToLower(name), value); err != nil {
			return Request{}, err
		}
	}
	return r, nil
}

// checkText refuses what does not show: control characters, and those that turn or break a line where it is shown.
func checkText(word string) error {
	if !utf8.ValidString(word) {
		return usage("`%s` is not valid UTF-8.", quotable(word))
	}
	if i := strings.IndexFunc(word, hidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(word[i:])
		return usage("`%s` holds the control character %U.", quotable(word), r)
	}
	return nil
}

// Unseen says whether a character of text from elsewhere could turn, hide or command what shows it: control characters,
// those that turn the direction of text, and those that are not seen. Line breaks, tabs, and the joiners that scripts and
// emoji are written with, are none.
func Unseen(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d':
		return false
	}
	return hidden(r)
}

func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func (r *Request) assign(name, value string) error {
	known, err := r.Options.set(name, value)
	if err != nil || known {
		return err
	}
	if !paramName.MatchString(name) {
		return usage("`%s` is no parameter's name. Write parameters as `name=value`.", quotable(name))
	}
	if _, twice := r.Params[name]; twice {
		return usage("`%s` is given twice.", name)
	}
	r.Params[name] = value
	return nil
}

// set takes one option. Names of options that this version does not have yet are refused, not taken for parameters.
func (o *Options) set(name, value string) (known bool, err error) {
	switch name {
	case "canary":
		return true, once(&o.Canary, name, value, countTo(maxRange), "a number of servers, such as 1")
	case "batch":
		return true, once(&o.Batch, name, value, shareFrom(1), "a number of servers or a share of them, such as 2 or 25%")
	case "max-failures":
		return true, once(&o.MaxFailures, name, value, shareFrom(0), "a number of servers or a share of them, such as 0, 1 or 10%")
	case "parallel":
		return true, once(&o.Parallel, name, value, countTo(maxSessions), fmt.Sprintf("a number of servers between 1 and %d", maxSessions))
	case "timeout":
		return true, once(&o.Timeout, name, value, timeLimit, "a time between 1s and 24h, such as `timeout=10m`")
	case "reason":
		return true, usage("Write the reason at the end, after the word `because`.")
	case "max_failures":
		return true, usage("The option is written `max-failures`.")
	case "urgent":
		return true, once(&o.Urgent, name, value, trueOnly, "`urgent=true`, with a reason at the end: `… because …`")
	}
	return false, nil
}

// once reads the value of an option that may be given once. wanted is what the value must be, in words.
func once[T comparable](to *T, name, value string, read func(string) (T, bool), wanted string) error {
	var none T
	if *to != none {
		return usage("`%s` is given twice.", name)
	}
	got, ok := read(value)
	if !ok {
		return usage("`%s=%s` is not %s.", name, quotable(value), wanted)
	}
	*to = got
	return nil
}

func trueOnly(value string) (bool, bool) { return true, value == "true" }

func countTo(most int) func(string) (int, bool) {
	return func(value string) (int, bool) {
		n, err := strconv.Atoi(value)
		return n, err == nil && n >= 1 && n <= most
	}
}

func timeLimit(value string) (time.Duration, bool) {
	d, err := time.ParseDuration(value)
	return d, err == nil && d >= time.Second && d <= MaxTimeout
}

// String is the options as they are typed.
func (o Options) String() string {
	var words []string
	if o.Urgent {
		words = append(words, "urgent=true")
	}
	if o.Canary > 0 {
		words = append(words, fmt.Sprintf("canary=%d", o.Canary))
	}
	if o.Batch != "" {
		words = append(words, "batch="+string(o.Batch))
	}
	if o.MaxFailures != "" {
		words = append(words, "max-failures="+string(o.MaxFailures))
	}
	if o.Parallel > 0 {
		words = append(words, fmt.Sprintf("parallel=%d", o.Parallel))
	}
	if o.Timeout > 0 {
		words = append(words, "timeout="+o.Timeout.String())
	}
	return strings.Join(words, " ")
}

func (o Options) json() (string, error) {
	text, err := json.Marshal(o)
	return string(text), err
}

// OptionsOf are the options that a run was asked for with.
func OptionsOf(run store.Run) (Options, error) {
	o, err := ParseOptions(run.Options)
	if err != nil {
		return o, fmt.Errorf("run %d: %w", run.Number, err)
	}
	return o, nil
}

// ParseOptions reads options as they are kept.
func ParseOptions(text string) (o Options, err error) {
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return o, fmt.Errorf("read options: %w", err)
	}
	return o, nil
}
