package executor

import "fmt"

// RefusalKind tells why nothing was run.
type RefusalKind int

// The kinds of refusal.
const (
	Usage  RefusalKind = iota // the request makes no sense: a word is wrong
	Policy                    // the request is clear, and not allowed
)

// Refusal is a request that was turned down. A refusal makes no run.
type Refusal struct {
	Kind RefusalKind
	Text string // for the person: the word or rule that was wrong, and what to do next
}

func (r *Refusal) Error() string { return r.Text }

func usage(format string, args ...any) error {
	return &Refusal{Usage, fmt.Sprintf(format, args...)}
}

func refuse(format string, args ...any) error {
	return &Refusal{Policy, fmt.Sprintf(format, args...)}
}
