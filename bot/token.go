package bot

import (
	"fmt"
	"log/slog"
)

// Token is one of the two with which drover speaks to Slack. Whoever has it speaks in drover's name, so printing, logging
// or marshalling one shows nothing of it.
type Token string

const hiddenToken = "[token]"

// Format hides the token whatever the verb.
func (Token) Format(f fmt.State, _ rune) { fmt.Fprint(f, hiddenToken) }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue(hiddenToken) }

// MarshalText hides the token.
func (Token) MarshalText() ([]byte, error) { return []byte(hiddenToken), nil }
