package bot

import (
	"log/slog"
	"strings"
)

// logWriter takes slack-go's own lines into the log, at a level where they do not disturb.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	w.log.Debug("slack-go: " + strings.TrimSpace(string(line)))
	return len(line), nil
}
