package action

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

const kibi = 1 << 10

// memory reads /proc/meminfo in KiB. MemAvailable is missing on very old kernels, where MemFree stands in for it.
func (s *status) memory() {
	kib := map[string]int64{}
	for _, line := range s.sections["memory"] {
		name, rest, _ := strings.Cut(line, ":")
		if n, err := strconv.ParseInt(firstField(rest), 10, 64); err == nil && n >= 0 {
			kib[name] = n
		}
	}
	total := kib["MemTotal"]
	available, ok := kib["MemAvailable"]
	if !ok {
		available = kib["MemFree"]
	}
	if total == 0 || available > total {
		return
	}
	text := fmt.Sprintf("%s of %s GB", gigabytes(total-available), gigabytes(total))
	s.short = append(s.short, "memory "+text)
	s.say("Memory", text)
	if swap := kib["SwapTotal"]; swap > 0 && kib["SwapFree"] <= swap {
		s.say("Swap", fmt.Sprintf("%s of %s GB", gigabytes(swap-kib["SwapFree"]), gigabytes(swap)))
	}
	s.facts["memory_percent"] = strconv.FormatInt((total-available)*100/total, 10)
}

// gigabytes counts as the tools on the server do: 1 GB is 2^30 bytes.
func gigabytes(kib int64) string { return fmt.Sprintf("%.1f", float64(kib)/kibi/kibi) }

// disk reads df -Pk, whose last line is "device blocks used available capacity% mount". The fields are counted from the
// end: a device's name may hold spaces.
func (s *status) disk() {
	lines := s.sections["disk"]
	if len(lines) == 0 {
		return
	}
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) < 6 || !strings.HasSuffix(fields[len(fields)-2], "%") {
		return
	}
	percent := fields[len(fields)-2]
	free, err := strconv.ParseInt(fields[len(fields)-3], 10, 64)
	if err != nil {
		return
	}
	s.short = append(s.short, "disk "+percent)
	s.say("Disk /", fmt.Sprintf("%s used, %s GB free", percent, gigabytes(free)))
	s.facts["disk_percent"] = strings.TrimSuffix(percent, "%")
}

// system reads os-release, which is a list of shell assignments. They are parsed as such and nothing in them is run.
func (s *status) system() {
	values := osRelease(s.sections["os"])
	name := values["NAME"]
	if short := strings.TrimSuffix(name, " GNU/Linux"); short != "" {
		name = short
	}
	if version := values["VERSION_ID"]; version != "" {
		name += " " + version
	}
	if name == "" {
		return
	}
	s.short = append(s.short, name)
	long := values["PRETTY_NAME"]
	if long == "" {
		long = name
	}
	s.say("System", long)
	s.facts["os"] = name
	if id := values["ID"]; id != "" {
		s.facts["os_id"] = id
	}
}

// osRelease reads each line alone, so that one that cannot be parsed costs only itself.
func osRelease(lines []string) map[string]string {
	values := map[string]string{}
	for _, line := range lines {
		file, err := parseScript(line)
		if err != nil || len(file.Stmts) != 1 {
			continue
		}
		call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) > 0 || len(call.Assigns) != 1 {
			continue
		}
		// Without a handler for $(…) an expansion of one is an error, and the value is left out.
		if value, err := expand.Literal(&expand.Config{}, call.Assigns[0].Value); err == nil {
			values[call.Assigns[0].Name.Value] = value
		}
	}
	return values
}

// days spells a duration as a person would say it: "12 days" from one day on, "5 h 20 min" below, "20 min" below an hour.
func days(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return count(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

// count writes "1 update" and "2 updates".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
