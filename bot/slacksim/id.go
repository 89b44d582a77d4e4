package slacksim

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// newID makes an id as Slack's look: a prefix and eleven capitals and digits.
// They are random because clients may remember them over restarts of this server.
func newID(prefix string) string {
	return prefix + "0" + rand.Text()[:10]
}

// newSecret makes the unguessable part of a token or URL.
func newSecret() string {
	return strings.ToLower(rand.Text())
}

// tsClock makes message timestamps: seconds with six decimals, strictly rising.
type tsClock struct{ last int64 }

func (c *tsClock) next(now time.Time) string {
	micros := max(now.UnixMicro(), c.last+1)
	c.last = micros
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// parseTS reads a message timestamp into microseconds.
func parseTS(ts string) (int64, bool) {
	secs, frac, _ := strings.Cut(ts, ".")
	if len(frac) > 6 {
		return 0, false
	}
	s, err := strconv.ParseInt(secs, 10, 48)
	if err != nil || s < 0 {
		return 0, false
	}
	f := int64(0)
	if frac != "" {
		f, err = strconv.ParseInt(frac+strings.Repeat("0", 6-len(frac)), 10, 32)
		if err != nil || f < 0 {
			return 0, false
		}
	}
	return s*1e6 + f, true
}
