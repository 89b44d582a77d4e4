package action

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// summarizeDisk reads two tables of df -P: the space in KiB and the inodes. The fullest filesystem comes first.
func summarizeDisk(out Output) Outcome {
	_, found := sections(out.Stdout)
	if len(found) == 0 {
		return summarizeResourceDisk(out)
	}
	byMount := map[string]*filesystem{}
	var all []*filesystem
	for _, s := range found {
		for _, line := range s.lines {
			f, ok := readFilesystem(line)
			switch {
			case !ok:
			case s.name == "space":
				byMount[f.mount] = &f
				all = append(all, &f)
			case s.name == "inodes" && byMount[f.mount] != nil:
				byMount[f.mount].inodes = f.used
			}
		}
	}
	if len(all) == 0 {
		return summarizeText(out)
	}
	slices.SortStableFunc(all, func(a, b *filesystem) int { return cmp.Compare(b.fullness(), a.fullness()) })
	var short, long []string
	for i, f := range all {
		if i < 3 {
			short = append(short, f.short(i == 0))
		}
		long = append(long, f.long())
	}
	return Outcome{Summary: strings.Join(short, " · "), Details: strings.Join(long, "\n")}
}

type filesystem struct {
	mount      string
	size, free int64 // KiB, or inodes
	used       int   // percent of the space
	inodes     int   // percent of the inodes; 0 when it has no limit
}

// fullness is the percentage that will stop it first.
func (f *filesystem) fullness() int { return max(f.used, f.inodes) }

func (f *filesystem) short(first bool) string {
	text := fmt.Sprintf("%s %d%%", f.mount, f.used)
	if f.inodes > f.used {
		return fmt.Sprintf("%s %d%% of the inodes", f.mount, f.inodes)
	}
	if first {
		text += fmt.Sprintf(" full, %s GB free", gigabytes(f.free))
	}
	return text
}

func (f *filesystem) long() string {
	text := fmt.Sprintf("%s  %d%% of %s GB, %s GB free", f.mount, f.used, gigabytes(f.size), gigabytes(f.free))
	if f.inodes > 0 {
		text += fmt.Sprintf(", %d%% of the inodes", f.inodes)
	}
	return text
}

// readFilesystem reads a line of df -P: "device blocks used available capacity% mount". The device may hold spaces, and so
// may the mount, so it is the percentage that is looked for. What only pretends to be a disk is left out.
func readFilesystem(line string) (filesystem, bool) {
	fields := strings.Fields(line)
	at := slices.IndexFunc(fields, func(f string) bool { return strings.HasSuffix(f, "%") })
	if at < 4 || at+1 >= len(fields) {
		return filesystem{}, false
	}
	size, err := strconv.ParseInt(fields[at-3], 10, 64)
	free, err2 := strconv.ParseInt(fields[at-1], 10, 64)
	used, err3 := strconv.Atoi(strings.TrimSuffix(fields[at], "%"))
	mount := strings.Join(fields[at+1:], " ")
	if err != nil || err2 != nil || err3 != nil || size <= 0 || used < 0 || used > 100 || mount != "/" && pretended(fields[0]) {
		return filesystem{}, false
	}
	return filesystem{mount: mount, size: size, free: max(free, 0), used: used}, true
}

// pretended reports whether a device is memory, a layer over another filesystem, or an image that is always full.
func pretended(device string) bool {
	switch device {
	case "tmpfs", "devtmpfs", "udev", "dev", "run", "none", "shm", "overlay", "efivarfs", "cgroup", "cgroup_root":
		return true
	}
	return strings.HasPrefix(device, "/dev/loop")
}
