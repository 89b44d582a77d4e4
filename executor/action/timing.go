package action

import (
	"fmt"
	"time"
)

// summarizeTiming says how long each step took. A connection that was open already has no steps to tell.
func summarizeTiming(out Output) Outcome {
	o := summarizeText(out)
	if out.ExitCode > 0 {
		return o
	}
	ran := "true " + milliseconds(out.Run)
	if out.Device {
		ran = "answer " + milliseconds(out.Run)
	}
	if out.Connect == 0 && out.Login == 0 {
		o.Summary = ran + " · over an open connection"
		return o
	}
	o.Summary = fmt.Sprintf("TCP %s · SSH %s · %s", milliseconds(out.Connect), milliseconds(out.Login), ran)
	return o
}

func milliseconds(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
