package executor

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"drover/store"
)

// Share is a number of a run's servers, "3", or a share of all of them, "25%". Empty: nothing was said.
type Share string

var sharePattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,4})(%?)$`)

// shareFrom reads a share of at least so many servers, or so many percent.
func shareFrom(least int) func(string) (Share, bool) {
	return func(value string) (Share, bool) {
		parts := sharePattern.FindStringSubmatch(value)
		if parts == nil {
			return "", false
		}
		n, err := strconv.Atoi(parts[1])
		ok := err == nil && n >= least && n <= maxRange && (parts[2] == "" || n <= 100)
		return Share(value), ok
	}
}

// Of is how many of n servers a share comes to. It is rounded down: a smaller batch and an earlier stop do less harm.
func (s Share) Of(n int) int {
	number, percent := strings.CutSuffix(string(s), "%")
	count, err := strconv.Atoi(number)
	if err != nil {
		return 0 // it was checked when it was read
	}
	if percent {
		return n * count / 100
	}
	return count
}

// Batch is the servers of a run that begin together, once those before them are over.
type Batch struct {
	Canary  bool // it goes first, and the others wait for Continue
	Servers []string
}

// cut numbers the batches of a plan. The canary is the first in the order of names; a batch is at least one server.
func (p *Plan) cut() {
	size := len(p.Targets)
	if p.Options.Batch != "" {
		size = p.Options.Batch.Of(len(p.Targets))
	}
	for i := range p.Targets {
		p.Targets[i].Batch = store.CanaryBatch
		if after := i - p.Options.Canary; after >= 0 {
			p.Targets[i].Batch = store.FirstBatch + after/max(size, 1)
		}
	}
}

// order puts the servers of a request's plan in their order. A canary that nobody chose for these servers goes with the
// others when there are too few for one to go first: which are held or disabled changes from night to night, and nobody is
// there to write it anew.
func (p *Plan) order(r Request) error {
	if r.inherits() && p.Options.Canary >= len(p.Targets) {
		p.Options.Canary = 0
	}
	p.cut()
	return p.checkOrder(r)
}

// checkOrder refuses options that contradict the number of servers or one another.
func (p *Plan) checkOrder(r Request) error {
	o, n := p.Options, len(p.Targets)
	if o.Canary >= n && o.Canary > 0 {
		return usage("`canary=%d` leaves no server that could wait for it: this run has %s. Nothing was run.", o.Canary, plural(n, "server"))
	}
	unbounded := o.Batch == "" && o.Parallel == 0
	if o.MaxFailures != "" && n > 1 && (unbounded || r.byHand() && p.allAtOnce()) {
		return usage("`max-failures=%s` could stop nothing: the servers would all begin at the same time. Write `batch=1` or `parallel=1`, for example. Nothing was run.", o.MaxFailures)
	}
	return nil
}

// byHand says whether somebody chose the options for these servers.
func (r Request) byHand() bool { return r.Origin != "" && r.Standing == nil && !r.inherits() }

// inherits says whether the options were chosen for other servers. A schedule's are for as many as there are that
// night, a retry's for as many as the first run had.
func (r Request) inherits() bool {
	return r.Inherited || r.RetryOf != "" || r.Origin == store.Scheduled && r.Standing == nil
}

// allAtOnce says whether the servers after the canary all begin at the same time, whatever the numbers look like.
func (p *Plan) allAtOnce() bool {
	rest := len(p.Targets) - p.Options.Canary
	size := rest
	if p.Options.Batch != "" {
		size = p.Options.Batch.Of(len(p.Targets))
	}
	return rest > 1 && size >= rest && (p.Options.Parallel == 0 || p.Options.Parallel >= rest)
}

// batchNumbers are the batches of a plan's servers, by server id.
func (p *Plan) batchNumbers() map[string]int {
	numbers := make(map[string]int, len(p.Targets))
	for _, t := range p.Targets {
		numbers[t.ServerID] = t.Batch
	}
	return numbers
}

// maxFailures is how many servers of a plan may fail before nothing new begins; nil: any number.
func (p *Plan) maxFailures() *int {
	if p.Options.MaxFailures == "" {
		return nil
	}
	limit := p.Options.MaxFailures.Of(len(p.Targets))
	return &limit
}

// Batches are the servers of a plan in the order in which they go.
func (p *Plan) Batches() []Batch {
	return batches(p.Targets, func(t PlanTarget) (int, string) { return t.Batch, t.Server })
}

// BatchesOf are the servers of a run in the order in which they go.
func BatchesOf(run store.Run) []Batch {
	return batches(run.Targets, func(t store.Target) (int, string) { return t.Batch, t.Server })
}

func batches[T any](targets []T, of func(T) (number int, server string)) []Batch {
	var list []Batch
	last := -1
	for _, t := range targets {
		number, server := of(t)
		if number != last {
			list, last = append(list, Batch{Canary: number == store.CanaryBatch}), number
		}
		list[len(list)-1].Servers = append(list[len(list)-1].Servers, server)
	}
	return list
}

// InWords says how a run with these options goes about its batches. It is empty when there is nothing to say: all its
// servers begin at the same time.
func (o Options) InWords(batches []Batch) string {
	var sentences []string
	rest, total := batches, 0
	for _, b := range batches {
		total += len(b.Servers)
	}
	if len(batches) > 0 && batches[0].Canary {
		rest = batches[1:]
		canary := batches[0].Servers
		others := "the other one"
		if n := total - len(canary); n > 1 {
			others = fmt.Sprintf("the other %d", n)
		}
		first := fmt.Sprintf("First %s; %s after Continue", FoldNames(canary), others)
		if len(rest) > 1 {
			first += ", in " + sizes(rest)
		}
		sentences = append(sentences, first)
	} else if len(rest) > 1 {
		sentences = append(sentences, "In "+sizes(rest))
	}
	if o.Parallel > 0 {
		sentences = append(sentences, fmt.Sprintf("At most %d at the same time", o.Parallel))
	}
	if o.MaxFailures != "" {
		limit := "the first failure"
		if n := o.MaxFailures.Of(total); n > 0 {
			limit = "more than " + plural(n, "failure")
		}
		sentences = append(sentences, "After "+limit+" nothing new begins")
	}
	if o.Timeout > 0 {
		sentences = append(sentences, "Time limit "+store.Span(o.Timeout).String())
	}
	if len(sentences) == 0 {
		return ""
	}
	return strings.Join(sentences, ". ") + "."
}

// sizes is "3 batches of 2", or "of up to 2" when the last is smaller.
func sizes(batches []Batch) string {
	size, last := len(batches[0].Servers), len(batches[len(batches)-1].Servers)
	if last < size {
		return fmt.Sprintf("%d batches of up to %d", len(batches), size)
	}
	return fmt.Sprintf("%d batches of %d", len(batches), size)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
