//go:build linux

package hosts_test

import (
	"strings"
	"testing"

	"drover/executor/sshtest/debian"
	"drover/store"
)

// pending gives a host two packages with an update each, one of them for security.
func (w *world) pending(names ...string) {
	w.Helper()
	for _, name := range names {
		h := w.hosts[name]
		w.must(h.Install(debian.Package{Name: "hello", Version: "1.0"}, debian.Package{Name: "gate", Version: "1.0"}))
		w.must(h.Offer(debian.Repository{Name: "main", Label: "Debian", Packages: []debian.Package{{Name: "hello", Version: "2.0"}}}))
		w.must(h.Offer(debian.Repository{Name: "security", Label: "Debian-Security", Packages: []debian.Package{{Name: "gate", Version: "1.1"}}}))
	}
}

// versions are what is installed on a host of packages, in this order.
func (w *world) versions(host string, packages ...string) string {
	w.Helper()
	var found []string
	for _, p := range packages {
		version, err := w.hosts[host].Run("dpkg-query", "-W", "-f", "${Version}", p)
		w.must(err)
		found = append(found, version)
	}
	return strings.Join(found, " ")
}

func (w *world) installed(host, want string, packages ...string) {
	w.Helper()
	if got := w.versions(host, packages...); got != want {
		w.Errorf("%s has %v %s, not %s", host, packages, got, want)
	}
}

func TestUpdate(t *testing.T) {
	w := newWorld(t, "web1", "web2", "web3")
	w.pending("web1", "web2", "web3")
	w.lets("apt-mark", w.hosts["web3"], "hold", "hello")
	w.serve(w.engine)
	// A preview shows what the lists of the last refresh tell, and changes nothing.
	w.lets("apt-get", w.hosts["web1"], "-q", "update")
	look, err := w.engine.Look(t.Context(), w.ask("update web1"))
	w.must(err)
	look = w.ended(look, store.Succeeded)
	says(t, look.Targets[0], `2 to upgrade \(1 security\)`)
	w.installed("web1", "1.0 1.0", "hello", "gate")

	run := w.ended(w.submit("update web2 security=true"), store.Succeeded)
	says(t, run.Targets[0], `1 upgraded \(1 security\)`)
	w.installed("web2", "1.0 1.1", "hello", "gate")

	run = w.ended(w.submit("update all"), store.Succeeded)
	says(t, run.Targets[0], `2 upgraded \(1 security\)`)
	says(t, run.Targets[1], `1 upgraded`)
	says(t, run.Targets[2], `1 upgraded \(1 security\), 1 held: hello`)
	for name, want := range map[string]string{"web1": "2.0 1.1", "web2": "2.0 1.1", "web3": "1.0 1.1"} {
		w.installed(name, want, "hello", "gate")
	}
	for _, line := range []string{"gate 1.0 → 1.1 (security)", "hello 1.0 → 2.0"} {
		if !strings.Contains(run.Targets[0].Details, line) {
			t.Errorf("%q is not told: %s", line, run.Targets[0].Details)
		}
	}

	run = w.ended(w.submit("update web1"), store.Succeeded)
	says(t, run.Targets[0], `nothing to do`)
}

// TestAnUpdateNeverAsks: what an admin has changed stays as it is, and a new kernel asks for a restart.
func TestAnUpdateNeverAsks(t *testing.T) {
	w := newWorld(t, "web1")
	h := w.hosts["web1"]
	server := debian.Package{Name: "server", Version: "1.0", Files: map[string]string{"/etc/server.conf": "port 80\n"}, Conffiles: []string{"/etc/server.conf"}}
	w.must(h.Install(server))
	w.must(h.WriteFile("/etc/server.conf", "port 8080\n", 0o644))
	running, err := h.Run("uname", "-r")
	w.must(err)
	newer := "99." + strings.TrimSpace(running)
	server.Version, server.Files = "2.0", map[string]string{
		"/etc/server.conf": "port 443\n", "/boot/vmlinuz-" + newer: "", "/lib/modules/" + newer + "/modules.order": "",
	}
	w.must(h.Offer(debian.Repository{Name: "main", Packages: []debian.Package{server}}))
	w.serve(w.engine)
	run := w.ended(w.submit("update web1"), store.Succeeded)
	says(t, run.Targets[0], `1 upgraded · kernel \S+ → 99\.\S+ · reboot required`)
	if kept, err := h.Run("cat", "/etc/server.conf"); kept != "port 8080\n" || err != nil {
		t.Errorf("server.conf is %q now, %v", kept, err)
	}
}

// TestAnUpdateRemovesNothing: only a full upgrade may.
func TestAnUpdateRemovesNothing(t *testing.T) {
	w := newWorld(t, "web1")
	h := w.hosts["web1"]
	w.must(h.Install(debian.Package{Name: "old-plugin", Version: "1.0"}, debian.Package{Name: "server", Version: "1.0"}))
	w.must(h.Offer(debian.Repository{Name: "main", Packages: []debian.Package{{Name: "server", Version: "2.0", Control: "Conflicts: old-plugin\n"}}}))
	w.serve(w.engine)
	run := w.ended(w.submit("update web1"), store.Succeeded)
	says(t, run.Targets[0], `nothing to do, 1 kept back: server`)
	w.installed("web1", "1.0 1.0", "old-plugin", "server")
	run = w.ended(w.submit("full-upgrade-now web1"), store.Succeeded)
	says(t, run.Targets[0], `1 upgraded, 1 removed: old-plugin`)
}

// TestWhatAnUpdateFailsOf: each cause has a name, on the card.
func TestWhatAnUpdateFailsOf(t *testing.T) {
	big := debian.Package{Name: "big", Version: "2.0", Files: map[string]string{"/opt/big": strings.Repeat("x", 8<<20)}}
	for name, c := range map[string]struct {
		spoil   func(w *world, h *debian.Host)
		summary string
	}{
		"a full disk": {func(w *world, h *debian.Host) {
			w.must(h.Install(debian.Package{Name: "big", Version: "1.0"}))
			w.must(h.Offer(debian.Repository{Name: "big", Packages: []debian.Package{big}}))
			w.lets("mount", h, "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/opt")
		}, `no space left on the server: .*`},
		"a source that is gone": {func(w *world, h *debian.Host) {
			w.must(h.WriteFile("/etc/apt/sources.list.d/gone.list", "deb [trusted=yes] file:/srv/gone ./\n", 0o644))
		}, `the package source file:/srv/gone\S* is broken: mend it or take it out, then update again`},
		"a source that does not answer": {func(w *world, h *debian.Host) {
			w.must(h.WriteFile("/etc/apt/sources.list.d/away.list", "deb http://127.0.0.1:9/debian bookworm main\n", 0o644))
		}, `127\.0\.0\.1:?\S* cannot be reached: check the server's network .*`},
		"a source that is no source": {func(w *world, h *debian.Host) {
			w.must(h.WriteFile("/etc/apt/sources.list.d/odd.list", "nonsense\n", 0o644))
		}, `the list of package sources cannot be read: mend \S*odd\.list on the server`},
		"an earlier one that was broken off": {func(w *world, h *debian.Host) { w.breakOff(h) },
			`dpkg was interrupted earlier: run dpkg --configure -a on the server, then update again`},
		"a package that cannot be installed": {func(w *world, h *debian.Host) {
			w.must(h.Install(debian.Package{Name: "sick", Version: "1.0"}))
			w.must(h.Offer(debian.Repository{Name: "sick", Packages: []debian.Package{
				{Name: "sick", Version: "2.0", Scripts: map[string]string{"postinst": "#!/bin/sh\necho 'the moon is not full' >&2\nexit 1\n"}},
			}}))
		}, `the package sick failed: its own messages are in the thread · before that \d upgraded.*`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "web1")
			w.pending("web1")
			c.spoil(w, w.hosts["web1"])
			w.serve(w.engine)
			run := w.ended(w.submit("update web1"), store.Failed)
			says(t, run.Targets[0], c.summary)
			if t.Failed() {
				t.Log(report(run))
			}
		})
	}
}

// TestADiskThatACommandFills: where that is the disk with drover's own files, too, the cause is told.
func TestADiskThatACommandFills(t *testing.T) {
	w := newWorld(t, "web1")
	h := w.hosts["web1"]
	const fill = "dd if=/dev/zero of=/var/lib/drover/fill bs=64k 2>/dev/null"
	w.lets("mkdir", h, "-p", "/var/lib/drover")
	w.lets("mount", h, "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/var/lib/drover")
	w.must(h.Install(debian.Package{Name: "greedy", Version: "1.0"}))
	w.must(h.Offer(debian.Repository{Name: "main", Packages: []debian.Package{
		{Name: "greedy", Version: "2.0", Scripts: map[string]string{"postinst": "#!/bin/sh\n" + fill + "\nexit 1\n"}},
	}}))
	w.must(w.store.AddAction(t.Context(), root, "torn", "name: torn\nsudo: true\ndetach: true\nrun:\n  linux: |\n    "+fill+"\n    cut -d ' ' -f 1 /var/lib/drover/jobs/*/job | xargs kill -9\n"))
	w.serve(w.engine)
	run := w.ended(w.submit("update web1"), store.Failed)
	says(t, run.Targets[0], `no space left on the server: make some .*`)
	if code := run.Targets[0].ExitCode; code == nil || *code != 100 {
		t.Errorf("its own exit code is lost: %+v", run.Targets[0])
	}
	w.lets("rm", h, "/var/lib/drover/fill")
	run = w.ended(w.submit("torn web1"), store.Failed)
	says(t, run.Targets[0], `The command on web1 ended without an exit code, and the disk is full: .*`)
}

// hanging is a package whose installation goes on for as long as there is a file /srv/NAME on its host.
func hanging(name, version string) debian.Package {
	script := "#!/bin/sh\ntouch /srv/" + name + "\nwhile [ -e /srv/" + name + " ]; do sleep 0.1; done\n"
	return debian.Package{Name: name, Version: version, Scripts: map[string]string{"postinst": script}}
}

// breakOff kills dpkg in the middle of its work.
func (w *world) breakOff(h *debian.Host) {
	w.Helper()
	installed := make(chan error, 1)
	go func() { installed <- h.Install(hanging("torn", "1.0")) }()
	w.appears(h, "/srv/torn")
	w.lets("sh", h, "-c", "pkill -KILL -x dpkg; rm /srv/torn")
	<-installed // it was killed
}

// impatient is a built-in that does not wait long for the locks of package managers.
func (w *world) impatient() {
	w.Helper()
	text := w.builtin("update")
	for from, to := range map[string]string{"name: update\n": "name: update-at-once\n", "Lock::Timeout=600": "Lock::Timeout=1", "-lt 60 ]": "-lt 1 ]"} {
		if !strings.Contains(text, from) {
			w.Fatalf("update does not hold %q any more", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	w.must(w.store.AddAction(w.Context(), root, "update-at-once", text))
}

// TestAnUpdateWaitsForTheLock of another package manager, and says who has it when it has waited for too long.
func TestAnUpdateWaitsForTheLock(t *testing.T) {
	for name, c := range map[string]struct{ file, waits string }{
		"dpkg":      {"/var/lib/dpkg/lock-frontend", "pgrep -f 'apt-get -y'"},
		"the lists": {"/var/lib/apt/lists/lock", "grep 'waiting for another' /var/lib/drover/jobs/*/out"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "web1")
			w.pending("web1")
			w.impatient()
			h := w.hosts["web1"]
			release := w.hold(h, c.file)
			w.serve(w.engine)
			run := w.ended(w.submit("update-at-once web1"), store.Failed)
			says(t, run.Targets[0], `perl \(process \d+\) has the lock of the package manager: try again when it is done`)
			run = w.submit("update web1")
			w.eventually(h, c.waits)
			release()
			run = w.ended(run, store.Succeeded)
			says(t, run.Targets[0], `2 upgraded \(1 security\)`)
		})
	}
}

// eventually waits until a shell command of a host succeeds.
func (w *world) eventually(h *debian.Host, command string) {
	w.Helper()
	w.becomes(command+" succeeds", func() bool {
		_, err := h.Run("sh", "-c", command)
		return err == nil
	})
}

// hold has a process of a host hold a lock, until release is called.
func (w *world) hold(h *debian.Host, file string) (release func()) {
	w.Helper()
	w.must(h.Begin("holder", "perl", "-e", `use Fcntl; my ($lock, $done) = @ARGV; open(F, "+>>", $lock) or die;
		my $l = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; open(D, ">", $done); sleep 600`, file, "/srv/locked"))
	w.appears(h, "/srv/locked")
	return func() {
		w.Helper()
		w.must(h.End("holder"))
	}
}
