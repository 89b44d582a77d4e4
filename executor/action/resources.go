package action

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dustin/go-humanize"
)

// iosVersion and iosUptime find in IOS's `show version` what counts.
var (
	iosVersion = regexp.MustCompile(`(?m)^Cisco IOS.* Version ([^ ,\s]+)`)
	iosUptime  = regexp.MustCompile(`(?m)^\S+ uptime is (.+?)\s*$`)
)

// summarizeResources reads what a device says of itself: RouterOS's `/system resource print` ("name: value" on each line)
// or IOS's `show version`. Anything else is text.
func summarizeResources(out Output) Outcome {
	o := summarizeText(out)
	text := strings.ReplaceAll(out.Stdout, "\r", "")
	values := resources(text)
	var short []string
	say := func(label, value string) {
		if value != "" {
			short = append(short, label+value)
		}
	}
	facts := map[string]string{}
	if version := iosVersion.FindStringSubmatch(text); version != nil {
		facts["os"] = "IOS " + version[1]
		if uptime := iosUptime.FindStringSubmatch(text); uptime != nil {
			say("up ", uptime[1])
		}
	} else if version := values["version"]; version != "" && values["board-name"] != "" {
		facts["os"] = "RouterOS " + version
		say("up ", values["uptime"])
		say("cpu ", values["cpu-load"])
		say("memory ", part(values["free-memory"], values["total-memory"]))
		say("disk ", part(values["free-hdd-space"], values["total-hdd-space"]))
	} else {
		return o
	}
	say("", facts["os"])
	o.Summary, o.Facts = strings.Join(short, " · "), facts
	return o
}

// summarizeResourceDisk says how full the disk of a RouterOS device is.
func summarizeResourceDisk(out Output) Outcome {
	o := summarizeText(out)
	values := resources(out.Stdout)
	if used, _, ok := strings.Cut(part(values["free-hdd-space"], values["total-hdd-space"]), " of "); ok {
		o.Summary = fmt.Sprintf("%s full, %s free", used, values["free-hdd-space"])
	}
	return o
}

func resources(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ": "); ok {
			values[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return values
}

// part says how much of a size is used: "25% of 128.0MiB".
func part(free, total string) string {
	left, err := humanize.ParseBytes(free)
	all, err2 := humanize.ParseBytes(total)
	if err != nil || err2 != nil || all == 0 || left > all {
		return ""
	}
	return fmt.Sprintf("%d%% of %s", (all-left)*100/all, total)
}
