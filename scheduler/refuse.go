package scheduler

import (
	"fmt"

	"drover/executor"
)

// refuse is a sentence for the person about a word that was wrong.
func refuse(format string, args ...any) error {
	return &executor.Refusal{Kind: executor.Usage, Text: fmt.Sprintf(format, args...)}
}
