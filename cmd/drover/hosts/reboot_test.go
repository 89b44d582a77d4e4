//go:build linux

package hosts_test

import (
	"regexp"
	"strings"
	"testing"

	"drover/executor"
	"drover/executor/sshtest/debian"
	"drover/store"
)

// says checks what one line tells people.
func says(t *testing.T, target store.Target, pattern string) {
	t.Helper()
	if !regexp.MustCompile("^" + pattern + "$").MatchString(target.Summary) {
		t.Errorf("%s is %s: %q does not match %q", target.Server, target.State, target.Summary, pattern)
	}
}

// boots checks how often hosts were booted.
func (w *world) boots(n int, names ...string) {
	w.Helper()
	for _, name := range names {
		if got := w.hosts[name].Boots(); got != n {
			w.Errorf("%s was booted %d times, not %d", name, got, n)
		}
	}
}

func (w *world) server(name string) store.Server {
	w.Helper()
	s, err := w.store.ServerNamed(w.Context(), name)
	w.must(err)
	return s
}

// kernel is what makes a host say that it runs this kernel.
func kernel(release string) string {
	return "echo " + release + " >/run/kernel; mount --bind /run/kernel /proc/sys/kernel/osrelease"
}

func TestARebootIsProven(t *testing.T) {
	w := newWorldOf(t, debian.Config{Name: "web1", OnBoot: kernel("6.1.90-amd64")})
	w.serve(w.engine)
	w.ended(w.submit("status web1"), store.Succeeded)
	before := w.server("web1").Host
	w.must(w.hosts["web1"].OnBoot(kernel("6.1.99-amd64")))
	run := w.ended(w.submit("reboot-now web1 expect=ssh"), store.Succeeded)
	says(t, run.Targets[0], `down \d+ s · kernel 6\.1\.90-amd64 → 6\.1\.99-amd64 · ssh active`)
	w.boots(2, "web1")
	after := w.server("web1").Host
	if after.MachineID != before.MachineID || after.Boot == before.Boot || after.Kernel == before.Kernel || run.Targets[0].HostBefore != before {
		t.Errorf("before %+v, after %+v, noted %+v", before, after, run.Targets[0].HostBefore)
	}
	for _, boot := range []string{before.Boot, after.Boot} {
		if !strings.Contains(run.Targets[0].Details, boot) {
			t.Errorf("the proof does not show %s: %s", boot, run.Targets[0].Details)
		}
	}
	last, err := w.store.LastRestarts(t.Context())
	w.must(err)
	if r := last[run.Targets[0].ServerID]; r.Run != run.Number || r.By != root {
		t.Errorf("last restarted by %+v", r)
	}
}

// TestWhatARebootIsNotBackFrom: what was seen last is what an operator needs to know.
func TestWhatARebootIsNotBackFrom(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(*world, *debian.Host)
		boots   int
		summary string
	}{
		"nothing": {func(_ *world, h *debian.Host) { h.StayDown() }, 1,
			`It has not come back within 12s: look at its console\. Last seen: no answer\.`},
		"an sshd that does not start": {func(w *world, h *debian.Host) { w.must(h.OnBoot("while :; do sleep 1; done")) }, 2,
			`It has not come back within 12s: look at its console\. Last seen: connections are refused\.`},
		"a boot that lets nobody in": {func(w *world, h *debian.Host) { w.must(h.OnBoot(nologin)) }, 2,
			`It has not come back within 12s: look at its console\. Last seen: booting: it lets nobody in yet\.`},
		"another host key": {func(w *world, h *debian.Host) { w.must(h.OnBoot(rekey)) }, 2,
			`web1 shows another host key than the trusted one.*`},
		"no reboot at all": {func(w *world, h *debian.Host) { w.shutdown(h, "#!/bin/sh\n") }, 1,
			`It has not restarted within 12s\. Last seen: it is still up\.`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "web1")
			w.serve(w.engine)
			c.spoil(w, w.hosts["web1"])
			run := w.ended(w.submit("reboot-now web1 timeout=12s"), store.Failed)
			says(t, run.Targets[0], c.summary)
			w.boots(c.boots, "web1")
		})
	}
}

const rekey = "rm /etc/ssh/ssh_host_ed25519_key*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key"

// nologin keeps a boot from coming to the point at which users may log in: systemd has said so in /run/nologin.
const nologin = "mkdir -p /run/systemd/system; ln -s /dev/null /run/systemd/system/systemd-user-sessions.service"

func TestABootThatTakesItsTime(t *testing.T) {
	w := newWorld(t, "web1")
	w.serve(w.engine)
	w.must(w.hosts["web1"].OnBoot(nologin))
	run := w.submit("reboot-now web1")
	w.await(run.ID, func(r store.Run) bool { return strings.HasPrefix(r.Targets[0].Summary, "booting") })
	w.lets("rm", w.hosts["web1"], "/run/nologin")
	run = w.ended(run, store.Succeeded)
	says(t, run.Targets[0], `down \d+ s · kernel \S+`)
}

func TestWhatIsExpectedOfARestartedServer(t *testing.T) {
	w := newWorld(t, "web1")
	w.serve(w.engine)
	h := w.hosts["web1"]
	run := w.ended(w.submit("reboot-now web1 expect=ssh,nginx"), store.Failed)
	says(t, run.Targets[0], `there is no nginx on this server: nothing was restarted\. Correct the parameter expect\.`)
	w.boots(1, "web1")
	unit := func(command string) {
		w.must(h.WriteFile("/etc/systemd/system/nginx.service", "[Service]\nType=exec\n"+command+"\n[Install]\nWantedBy=multi-user.target\n", 0o644))
		w.lets("systemctl", h, "--quiet", "enable", "nginx.service")
	}
	unit("ExecStart=/bin/false")
	run = w.ended(w.submit("reboot-now web1 expect=ssh,nginx"), store.Failed)
	says(t, run.Targets[0], `down \d+ s, and back, but nginx is failed · kernel \S+`)
	unit("ExecStartPre=/bin/sh -c 'while [ ! -e /srv/go ]; do sleep 0.1; done'\nExecStart=/bin/sleep 600")
	run = w.ended(w.submit("reboot-now web1 expect=ssh,nginx timeout=20s"), store.Failed)
	says(t, run.Targets[0], `down \d+ s, and back, but nginx is activating · kernel \S+`)
	run = w.submit("reboot-now web1 expect=ssh,nginx")
	w.await(run.ID, func(r store.Run) bool { return strings.HasSuffix(r.Targets[0].Summary, "but nginx is activating") })
	w.lets("touch", h, "/srv/go")
	run = w.ended(run, store.Succeeded)
	says(t, run.Targets[0], `down \d+ s · kernel \S+ · ssh, nginx active`)
	w.boots(4, "web1")
}

func TestNothingRestartsInTheMiddleOfAnUpgrade(t *testing.T) {
	w := newWorld(t, "web1")
	w.serve(w.engine)
	h := w.hosts["web1"]
	installed := make(chan error, 1)
	go func() { installed <- h.Install(hanging("slow", "1.0")) }()
	w.appears(h, "/srv/slow")
	for _, line := range []string{"reboot-now web1", "shutdown-now web1"} {
		run := w.ended(w.submit(line), store.Failed)
		says(t, run.Targets[0], `dpkg \(process \d+\) is at work here: nothing was (restarted|switched off)\. Wait until it is done, then try again\.`)
		if code := run.Targets[0].ExitCode; code == nil || *code != 75 {
			t.Errorf("%s", report(run))
		}
	}
	w.lets("rm", h, "/srv/slow")
	w.must(<-installed)

	// What holds the lock may have any name.
	release := w.hold(h, "/var/lib/dpkg/lock-frontend")
	run := w.ended(w.submit("reboot-now web1"), store.Failed)
	says(t, run.Targets[0], `perl \(process \d+\) is at work here: nothing was restarted\..*`)
	release()

	// An inhibitor of systemd is as good as a lock.
	w.must(h.Begin("backup", "systemd-inhibit", "--what=shutdown:sleep", "--who=Backup", "--why=until noon", "--mode=block", "sh", "-c", "touch /srv/backup; exec sleep 600"))
	w.appears(h, "/srv/backup")
	run = w.ended(w.submit("reboot-now web1"), store.Failed)
	says(t, run.Targets[0], `Backup forbids it for now \(systemd-inhibit --list\): nothing was restarted\. Wait until it is done, then try again\.`)
	w.must(h.End("backup"))

	// What only looks at packages has the name of what changes them.
	w.lets("cp", h, "/usr/bin/sleep", "/srv/apt-get")
	w.must(h.Begin("monitoring", "/srv/apt-get", "600"))

	// The part of unattended-upgrades that waits for a shutdown is there at all times.
	w.must(h.WriteFile("/usr/bin/unattended-upgrade-shutdown", "#!/bin/sh\ntouch /srv/waiting\nwhile :; do sleep 1; done\n", 0o755))
	w.must(h.Begin("unattended-upgrades", "/usr/bin/unattended-upgrade-shutdown", "--wait-for-signal"))
	w.appears(h, "/srv/waiting")
	w.boots(1, "web1")
	w.ended(w.submit("reboot-now web1"), store.Succeeded)
	w.boots(2, "web1")
}

// shutdown puts a script in the place of a host's command.
func (w *world) shutdown(h *debian.Host, script string) {
	w.Helper()
	w.lets("rm", h, "/usr/sbin/shutdown") // it is a link to systemctl
	w.must(h.WriteFile("/usr/sbin/shutdown", script, 0o755))
}

// TestMollyGuard: it asks only people at a terminal, but the checks of the server's admin count.
func TestMollyGuard(t *testing.T) {
	w := newWorld(t, "web1")
	w.serve(w.engine)
	h := w.hosts["web1"]
	w.lets("sh", h, "-c", "dpkg --install /srv/molly-guard_*.deb && test -x /lib/molly-guard/shutdown")
	w.must(h.WriteFile("/etc/molly-guard/run.d/50-raid", "#!/bin/sh\necho 'the array is rebuilt until noon' >&2\nexit 1\n", 0o755))
	run := w.ended(w.submit("reboot-now web1"), store.Failed)
	if !strings.Contains(run.Targets[0].Stderr, "the array is rebuilt until noon") {
		t.Errorf("%s", report(run))
	}
	w.boots(1, "web1")
	w.lets("rm", h, "/etc/molly-guard/run.d/50-raid")
	w.ended(w.submit("reboot-now web1"), store.Succeeded)
	w.boots(2, "web1")
}

func TestAShutdownIsProven(t *testing.T) {
	w := newWorld(t, "web1")
	w.serve(w.engine)
	run := w.ended(w.submit("shutdown-now web1"), store.Succeeded)
	says(t, run.Targets[0], `stopped answering after \d+ s · power-off cannot be proven`)
	select {
	case <-w.hosts["web1"].Off():
	default:
		t.Error("it is up")
	}
}

func TestAShutdownThatIsNone(t *testing.T) {
	for name, c := range map[string]struct{ shutdown, summary string }{
		"it stays up":   {"#!/bin/sh\n", `It has not gone down within 12s\. Last seen: it is still up\.`},
		"it comes back": {"#!/bin/sh\nexec /sbin/reboot\n", `It did not stay off: it has restarted, and is up again\.`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "web1")
			w.serve(w.engine)
			w.shutdown(w.hosts["web1"], c.shutdown)
			run := w.ended(w.submit("shutdown-now web1 timeout=12s"), store.Failed)
			says(t, run.Targets[0], c.summary)
		})
	}
}

// TestOneMachineUnderTwoNames is restarted once, whether drover knows beforehand that it is one or not.
func TestOneMachineUnderTwoNames(t *testing.T) {
	w := newWorld(t, "web1")
	w.enlist("web1-alias", "web1")
	w.serve(w.engine)
	run := w.ended(w.submit("reboot-now web1 web1-alias"), store.Partial)
	states := map[store.TargetState]store.Target{}
	for _, target := range run.Targets {
		states[target.State] = target
	}
	says(t, states[store.TargetSkipped], `nothing was sent: it is the same machine as `+states[store.TargetSucceeded].Server+`, which was told to already`)
	w.boots(2, "web1")

	run = w.ended(w.submit("reboot-now web1 web1-alias"), store.Succeeded)
	if len(run.Targets) != 1 || !strings.Contains(run.Plan, "it is the same machine as web1") {
		t.Errorf("%s\n%s", run.Plan, report(run))
	}
	w.boots(3, "web1")
}

func TestDroversOwnHostStaysUp(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	w := newWorldOf(t, debian.Config{Name: "main", MachineID: id}, debian.Config{Name: "web1"})
	w.engine = w.newEngine(func(c *executor.Config) { c.Self = executor.Machine{ID: id} })
	w.serve(w.engine)
	run := w.ended(w.submit("reboot-now main web1"), store.Partial) // drover has not seen it before
	says(t, run.Targets[0], "nothing was sent: drover itself runs there")
	w.boots(1, "main")
	w.boots(2, "web1")
	for _, line := range []string{"reboot-now main", "shutdown-now main"} {
		_, err := w.engine.Submit(t.Context(), w.ask(line))
		if err == nil || !strings.Contains(err.Error(), "drover itself runs there") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestAServerBehindAnother is proven through it, and keeps it up.
func TestAServerBehindAnother(t *testing.T) {
	w := newWorld(t, "door", "room")
	room, door := w.server("room"), w.server("door")
	room.JumpID, room.Jump = &door.ID, door.Name
	w.must(w.store.EditServer(t.Context(), root, room))
	w.serve(w.engine)
	run := w.ended(w.submit("reboot-now door room"), store.Succeeded)
	if len(run.Targets) != 1 || run.Targets[0].Server != "room" || !strings.Contains(run.Plan, "room of this run is reached through it") {
		t.Errorf("%s\n%s", run.Plan, report(run))
	}
	w.boots(1, "door")
	w.boots(2, "room")
	run = w.ended(w.submit("shutdown-now room"), store.Succeeded)
	says(t, run.Targets[0], `stopped answering after \d+ s · power-off cannot be proven`)
	w.ended(w.submit("reboot-now door"), store.Succeeded)
}
