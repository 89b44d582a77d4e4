package action

import (
	"strconv"
	"strings"
	"time"
)

// Glance says in a few words, out of the facts of a status, what somebody wants to know of a server before it is
// changed: how long it is up, who is logged in, what it waits for. It is "" when nothing of it is known.
func Glance(facts map[string]string) string {
	var parts []string
	if seconds, err := strconv.ParseInt(facts["uptime_seconds"], 10, 64); err == nil {
		parts = append(parts, "up "+days(time.Duration(seconds)*time.Second))
	}
	if who := facts["logged_in"]; who != "" {
		parts = append(parts, who+" logged in")
	}
	if n, err := strconv.Atoi(facts["updates"]); err == nil {
		parts = append(parts, count(n, "update"))
	}
	if facts["reboot_required"] == "yes" {
		parts = append(parts, "reboot required")
	}
	return strings.Join(parts, " · ")
}
