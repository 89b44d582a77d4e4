package action

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// pingCounts find how many packets were sent and answered, in the words of each ping that drover meets.
var pingCounts = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^(?P<sent>\d+) packets transmitted, (?P<answered>\d+) (?:packets )?received`), // iputils, busybox, inetutils
	regexp.MustCompile(`(?m)^\s*sent=(?P<sent>\d+) received=(?P<answered>\d+)`),                           // RouterOS
	regexp.MustCompile(`(?m)^Success rate is \d+ percent \((?P<answered>\d+)/(?P<sent>\d+)\)`),            // IOS
}

// pingAverages find the average round trip: in milliseconds, or with units as RouterOS writes it (1ms200us).
var pingAverages = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^(?:rtt|round-trip) min/avg/max(?:/\w+)? = [\d.]+/([\d.]+)/`),
	regexp.MustCompile(`avg-rtt=([\d.]+(?:ms|us|s)[\d.mus]*)`),
	regexp.MustCompile(`round-trip min/avg/max = \d+/(\d+)/\d+ ms`),
}

// summarizePing says how many packets were answered, and how fast on average. None answered is a failure, also where the
// exit status says nothing.
func summarizePing(out Output) Outcome {
	o := summarizeText(out)
	text := strings.ReplaceAll(out.Stdout, "\r", "")
	sent, answered, ok := pingCounted(text)
	if !ok {
		if out.ExitCode == 127 {
			o.Reason = "ping is not installed on this server"
			o.Summary = o.Reason
		}
		return o
	}
	o.Summary = fmt.Sprintf("%d of %d answered", answered, sent)
	if answered == 0 {
		o.Failed, o.Reason = true, "no answer"
		return o
	}
	if average := pingAverage(text); average != "" {
		o.Summary += " · " + average
	}
	return o
}

func pingCounted(text string) (sent, answered int, ok bool) {
	for _, counts := range pingCounts {
		// A device draws the same line again for each page: the last one counts.
		all := counts.FindAllStringSubmatch(text, -1)
		if len(all) == 0 {
			continue
		}
		last := all[len(all)-1]
		sent, err := strconv.Atoi(last[counts.SubexpIndex("sent")])
		answered, err2 := strconv.Atoi(last[counts.SubexpIndex("answered")])
		return sent, answered, err == nil && err2 == nil
	}
	return 0, 0, false
}

func pingAverage(text string) string {
	for _, average := range pingAverages {
		match := average.FindStringSubmatch(text)
		if match == nil {
			continue
		}
		value := match[1]
		if !strings.HasSuffix(value, "s") {
			value += "ms"
		}
		d, err := time.ParseDuration(value)
		switch {
		case err != nil:
		case d < 100*time.Microsecond:
			return "<0.1 ms"
		default:
			return strconv.FormatFloat(float64(d.Round(100*time.Microsecond))/float64(time.Millisecond), 'f', -1, 64) + " ms"
		}
	}
	return ""
}
