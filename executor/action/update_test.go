package action_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

// onEachShell runs a test on a host for each shell. With busybox, its own awk, sort and the rest do the work.
func onEachShell(t *testing.T, test func(t *testing.T, h *host)) {
	for _, shell := range shells {
		t.Run(shell[0], func(t *testing.T) {
			t.Parallel()
			h := &host{t: t, shell: shell, dir: t.TempDir()}
			h.path = h.bin() + ":/usr/sbin:/usr/bin:/sbin:/bin"
			if shell[0] == "busybox" {
				h.path = h.bin() + ":" + h.applets()
			}
			h.write("packages", `base-files	12.4	ii
docker-ce	24.0	hi
libc6:amd64	2.36-9	ii
old-config	1.0	rc
openssl	3.0.11	ii
`)
			h.write("kernel", "6.1.0-21-amd64\n")
			h.write("plan", `Reading package lists...
Inst base-files [12.4] (12.5 Debian:12.5/stable [amd64])
Inst libc6 [2.36-9] (2.36-10 Debian:12.5/stable, Debian-Security:12/stable-security [amd64])
Inst linux-image-6.1.0-22-amd64 (6.1.94-1 Debian-Security:12/stable-security [amd64])
Inst openssl [3.0.11] (3.0.13 Ubuntu:22.04/jammy-security [amd64]) []
Conf base-files (12.5 Debian:12.5/stable [amd64])
`)
			for _, empty := range []string{"held", "update.err", "upgrade.err", "locked", "log"} {
				h.write(empty, "")
			}
			for _, dir := range []string{"run", "boot", "modules/6.1.0-21-amd64", "root/var/lib/apt/lists"} {
				if err := os.MkdirAll(filepath.Join(h.dir, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			h.write("root/var/lib/apt/lists/a_Packages", "")
			test(t, h)
		})
	}
}

// bin copies the stand-ins to where they can be executed.
func (h *host) bin() string {
	h.t.Helper()
	return h.install("apt-get", "dpkg-query", "apt-mark", "sleep", "uname")
}

func (h *host) install(names ...string) string {
	h.t.Helper()
	bin := filepath.Join(h.dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", "bin", name))
		if err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, name), text, 0o755); err != nil {
			h.t.Fatal(err)
		}
	}
	return bin
}

// applets makes a folder in which every tool is busybox.
func (h *host) applets() string {
	h.t.Helper()
	dir := filepath.Join(h.dir, "applets")
	if err := os.Mkdir(dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	if out, err := exec.Command("busybox", "--install", "-s", dir).CombinedOutput(); err != nil {
		h.t.Fatalf("install busybox: %v: %s", err, out)
	}
	return dir
}

func (h *host) upgraded() {
	h.write("packages.after", `base-files	12.5	ii
docker-ce	24.0	hi
libc6:amd64	2.36-10	ii
linux-image-6.1.0-22-amd64	6.1.94-1	ii
old-config	1.1	rc
openssl	3.0.13	ii
`)
}

func TestUpdateEverything(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.upgraded()
		h.write("held", "docker-ce\n")
		h.write("run/reboot-required", "")
		out, o := h.perform("update", nil)
		if out.ExitCode != 0 || out.Stderr != "" {
			t.Errorf("exit %d, stderr %q", out.ExitCode, out.Stderr)
		}
		h.wantSummary(o, "3 upgraded (2 security), 1 installed (1 security), 1 held: docker-ce · reboot required")
		wantDetails := `base-files 12.4 → 12.5
libc6:amd64 2.36-9 → 2.36-10 (security)
linux-image-6.1.0-22-amd64 6.1.94-1 (new) (security)
openssl 3.0.11 → 3.0.13 (security)
Held: docker-ce
Reboot required`
		if diff := cmp.Diff(wantDetails, o.Details); diff != "" {
			t.Errorf("details (-want +got):\n%s", diff)
		}
		wantFacts := map[string]string{"reboot_required": "yes", "kernel_release": "6.1.0-21-amd64", "packages_changed": "4"}
		if diff := cmp.Diff(wantFacts, o.Facts); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
		wantLog := `apt-get -q -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update
apt-get -s -o APT::Get::Show-User-Simulation-Note=0 dist-upgrade
apt-get -s -o APT::Get::Show-User-Simulation-Note=0 upgrade --with-new-pkgs
apt-get -y -q -o DPkg::Lock::Timeout=1 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 --no-remove --with-new-pkgs upgrade
`
		if diff := cmp.Diff(wantLog, h.read("log")); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		wantEnvironment := "APT_LISTCHANGES_FRONTEND=none\nDEBIAN_FRONTEND=noninteractive\nDEBIAN_PRIORITY=critical\nLC_ALL=C\nNEEDRESTART_MODE=l\nUCF_FORCE_CONFFOLD=1\n"
		if diff := cmp.Diff(wantEnvironment, h.read("environment")); diff != "" {
			t.Errorf("environment (-want +got):\n%s", diff)
		}
	})
}

// Of what is there in several versions none is told as the update of another.
func TestUpdateOfSeveralVersions(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("packages", "kernel\t1\tii\nkernel\t2\tii\nmodules\t1\tii\nopenssl\t3.0.11\tii\n")
		h.write("packages.after", "kernel\t2\tii\nkernel\t3\tii\nmodules\t1\tii\nmodules\t2\tii\nopenssl\t3.0.13\tii\n")
		_, o := h.perform("update", nil)
		h.wantSummary(o, "1 upgraded (1 security), 2 installed, 1 removed: kernel 1")
		h.want("details", "kernel 3 (new)\nkernel 1 removed\nmodules 2 (new)\nopenssl 3.0.11 → 3.0.13 (security)", o.Details)
	})
}

func TestUpdateSecurityOnly(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("packages.after", strings.Replace(h.read("packages"), "3.0.11", "3.0.13", 1))
		_, o := h.perform("update", map[string]string{"security": "true"})
		h.wantSummary(o, "1 upgraded (1 security)")
		if log := h.read("log"); !strings.HasSuffix(log, " -o Dpkg::Use-Pty=0 --no-remove --only-upgrade install -- libc6 openssl\n") {
			t.Errorf("calls:\n%s", log)
		}
	})
}

func TestUpdateSecurityOnlyWithNothingPending(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("plan", "Inst base-files [12.4] (12.5 Debian:12.5/stable [amd64])\n")
		out, o := h.perform("update", map[string]string{"security": "true"})
		h.wantSummary(o, "nothing to do")
		if o.Failed || strings.Contains(h.read("log"), "install") {
			t.Errorf("failed %t, exit %d, calls:\n%s", o.Failed, out.ExitCode, h.read("log"))
		}
	})
}

// A newer kernel that is installed needs a reboot even where nobody writes /run/reboot-required. One of another flavour
// is no newer kernel.
func TestUpdateFindsANewerKernel(t *testing.T) {
	tests := []struct {
		running   string
		installed []string
		want      string
	}{
		{"6.1.0-21-amd64", []string{"6.1.0-9-amd64", "6.1.0-100-amd64", "6.1.0-200-cloud-amd64"}, "nothing to do · kernel 6.1.0-21 → 6.1.0-100 · reboot required"},
		{"6.1.0-21-cloud-amd64", []string{"6.1.0-22-cloud-amd64", "6.1.0-23-amd64"}, "nothing to do · kernel 6.1.0-21 → 6.1.0-22 · reboot required"},
		{"6.12.41+deb13-amd64", []string{"6.12.48+deb13-amd64"}, "nothing to do · kernel 6.12.41+deb13 → 6.12.48+deb13 · reboot required"},
		{"5.15.0-105-generic", []string{"5.15.0-107-generic", "6.8.0-31-lowlatency"}, "nothing to do · kernel 5.15.0-105 → 5.15.0-107 · reboot required"},
		{"5.14.0-362.8.1.el9_3.x86_64", []string{"5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.13.1.el9_4.x86_64+debug"},
			"nothing to do · kernel 5.14.0-362.8.1.el9_3 → 5.14.0-427.13.1.el9_4 · reboot required"},
		{"6.6.54-0-virt", []string{"6.6.54-0-lts"}, "nothing to do"},
		{"6.1.0-21-amd64", []string{"6.1.0-20-amd64"}, "nothing to do"},
	}
	for _, tt := range tests {
		t.Run(tt.running, func(t *testing.T) {
			onEachShell(t, func(t *testing.T, h *host) {
				h.write("kernel", tt.running+"\n")
				for _, release := range tt.installed {
					if err := os.MkdirAll(filepath.Join(h.dir, "modules", release), 0o755); err != nil {
						t.Fatal(err)
					}
					h.write("boot/vmlinuz-"+release, "")
				}
				_, o := h.perform("update", nil)
				h.wantSummary(o, tt.want)
			})
		})
	}
}

func TestUpdateWaitsForTheListsLock(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("locked", "1\n2\n3\n")
		_, o := h.perform("update", nil)
		h.wantSummary(o, "nothing to do")
		if n := strings.Count(h.read("log"), "sleep 5\n"); n != 3 {
			t.Errorf("waited %d times, want 3", n)
		}
	})
}

func TestUpdateGivesUpOnTheListsLock(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("locked", strings.Repeat("held\n", 100))
		out, o := h.perform("update", nil)
		if out.ExitCode != 100 || !o.Failed {
			t.Errorf("exit %d, failed %t", out.ExitCode, o.Failed)
		}
		h.wantSummary(o, "apt-get (process 42) has the lock of the package manager: try again when it is done")
		if n := strings.Count(h.read("log"), "sleep 5\n"); n != 59 {
			t.Errorf("waited %d times, want 59", n)
		}
	})
}

func TestUpdateFailures(t *testing.T) {
	tests := []struct{ name, file, message, want string }{
		{"interrupted", "upgrade.err", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
			"dpkg was interrupted earlier: run dpkg --configure -a on the server, then update again"},
		{"disk", "upgrade.err", "E: You don't have enough free space in /var/cache/apt/archives/.", "no space left on the server: make some (the action disk shows where), then update again"},
		{"dpkg lock", "upgrade.err", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (apt)",
			"apt (process 42) has the lock of the package manager: try again when it is done"},
		{"removal", "upgrade.err", "E: Packages need to be removed but remove is disabled.", "the update would remove packages: full-upgrade may do that"},
		{"source", "update.err", "E: Failed to fetch http://deb.example.com/dists/x/InRelease  404  Not Found", "the package source http://deb.example.com/dists/x/InRelease answers 404 Not Found: mend it or take it out, then update again"},
		{"no name service", "update.err", "E: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'",
			"the name deb.debian.org cannot be resolved: check the server's network (ping-internet shows whether it has one)"},
		{"no network", "update.err", "E: Failed to fetch http://192.0.2.7/debian/dists/bookworm/InRelease  Cannot initiate the connection to 192.0.2.7:80 (192.0.2.7). - connect (101: Network is unreachable)",
			"192.0.2.7 cannot be reached: check the server's network (ping-internet shows whether it has one)"},
		{"key", "update.err", "W: GPG error: http://deb.example.com x InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0E98404D386FA1D9",
			"a package source is not signed by a key that the server trusts: look at it before you do"},
		{"clock", "update.err", "E: Release file for http://deb.debian.org/debian/dists/bookworm/InRelease is not valid yet (invalid for another 3h 2min 1s).",
			"the package source http://deb.debian.org/debian/dists/bookworm/InRelease is out of date, or the server's clock is wrong"},
		{"read only", "upgrade.err", "dpkg: error: unable to access the dpkg database directory /var/lib/dpkg: Read-only file system",
			"a filesystem of the server is read-only: its kernel log says why"},
		{"no root", "upgrade.err", "E: Unable to lock the administration directory (/var/lib/dpkg/), are you root?", "this needs root: check sudo for this server"},
		{"other", "upgrade.err", "E: something else", "the package manager failed: exit 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onEachShell(t, func(t *testing.T, h *host) {
				h.write(tt.file, tt.message+"\n")
				h.write("update.exit", "100")
				out, o := h.perform("update", nil)
				if out.ExitCode != 100 || !o.Failed || o.Reason != tt.want {
					t.Errorf("exit %d, failed %t, reason %q; want 100, true, %q", out.ExitCode, o.Failed, o.Reason, tt.want)
				}
				h.wantSummary(o, tt.want)
				if !strings.Contains(o.Details, tt.message) {
					t.Errorf("details %q do not hold the message", o.Details)
				}
			})
		})
	}
}

// apt before 2.1.16 exits 0 when a source could not be fetched.
func TestUpdateFailsOnABrokenSourceOfOldApt(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("update.err", "W: Failed to fetch http://deb.example.com/dists/x/InRelease\n")
		h.write("update.exit", "0")
		out, o := h.perform("update", nil)
		if out.ExitCode != 100 {
			t.Errorf("exit %d, want 100", out.ExitCode)
		}
		h.wantSummary(o, "the package source http://deb.example.com/dists/x/InRelease is broken: mend it or take it out, then update again")
	})
}

// What was upgraded before a failure is told, too.
func TestUpdateFailsHalfway(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.upgraded()
		h.write("upgrade.err", "dpkg: error processing archive: No space left on device\n")
		_, o := h.perform("update", nil)
		h.wantSummary(o, "no space left on the server: make some (the action disk shows where), then update again · before that 3 upgraded (2 security), 1 installed (1 security)")
	})
}

// A system that drover cannot update is left alone, and so is one whose package manager is there as a mere tool.
func TestUpdateLeavesOtherSystemsAlone(t *testing.T) {
	tests := []struct{ name, tools, want string }{
		{"nothing", "", "this server has no package manager that drover knows; nothing was run"},
		{"alpine", "apk", "this server uses apk, which drover cannot update yet; nothing was run"},
		{"arch", "pacman", "this server uses pacman, which drover cannot update yet; nothing was run"},
		{"suse", "rpm zypper", "this server uses zypper, which drover cannot update yet; nothing was run"},
		{"microos", "rpm zypper transactional-update", "this server uses transactional-update, which drover cannot update yet; nothing was run"},
		{"apt without a database", "apt-get dpkg-query apk", "this server uses apk, which drover cannot update yet; nothing was run"},
		{"silverblue", "rpm dnf ostree-booted", "this server uses rpm-ostree, which drover cannot update yet; nothing was run"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onEachShell(t, func(t *testing.T, h *host) {
				h.write("packages", "")
				h.path = h.bare() + ":" + filepath.Join(h.dir, "pretended")
				for _, tool := range strings.Fields(tt.tools) {
					h.pretend(tool)
				}
				for _, name := range []string{"update", "full-upgrade"} {
					a := builtin(t, name)
					values, err := a.Bind(nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, render := range []func(action.Platform, action.Values) (string, error){a.Command, a.PreviewCommand} {
						text, err := render(action.Linux, values)
						if err != nil {
							t.Fatal(err)
						}
						out := h.run(text)
						o := a.Summarize(out)
						h.wantSummary(o, tt.want)
						if out.ExitCode != 69 || !o.Failed || h.read("log") != "" {
							t.Errorf("exit %d, failed %t, calls:\n%s", out.ExitCode, o.Failed, h.read("log"))
						}
					}
				}
			})
		})
	}
}

// pretend puts a package manager into a folder of its own: one that only notes that it was called.
func (h *host) pretend(tool string) {
	h.t.Helper()
	script := "echo " + tool + " \"$@\" >>\"$FAKE/log\"\n"
	switch tool {
	case "ostree-booted":
		h.write("run/"+tool, "")
		return
	case "dpkg-query": // its database is empty
		script = ""
	case "rpm":
		script = "echo rpm-4.18.0-1.x86_64\n"
	}
	h.executable("pretended/"+tool, script)
}

func TestUpdatePreview(t *testing.T) {
	onEachShell(t, func(t *testing.T, h *host) {
		h.write("held", "docker-ce\n")
		a := builtin(t, "update")
		old := time.Now().Add(-29 * time.Hour)
		if err := os.Chtimes(filepath.Join(h.dir, "root/var/lib/apt/lists"), old, old); err != nil {
			t.Fatal(err)
		}
		for security, want := range map[string]string{
			"false": "3 to upgrade (2 security), 1 to install (1 security), 1 held: docker-ce · lists of 1 day ago",
			"true":  "2 to upgrade (2 security), 1 to install (1 security), 1 held: docker-ce · lists of 1 day ago",
		} {
			text, err := a.PreviewCommand(action.Linux, action.Values{"security": security})
			if err != nil {
				t.Fatal(err)
			}
			before := h.read("packages")
			out := h.run(text)
			o := a.Summarize(out)
			h.wantSummary(o, want)
			if out.ExitCode != 0 || h.read("packages") != before || strings.Contains(h.read("log"), " -y ") {
				t.Errorf("exit %d, stderr %q, calls:\n%s", out.ExitCode, out.Stderr, h.read("log"))
			}
		}
	})
}

// A long list of packages is cut for the phone, not lost, and never in the place of what is to be done next.
func TestUpdateSummaryIsShort(t *testing.T) {
	var many strings.Builder
	for i := range 300 {
		fmt.Fprintf(&many, "@@drover held package-with-a-long-name-%03d\n", i)
	}
	const (
		kernel = "@@drover kernel 6.5.0-27-generic 6.5.0-28-generic\n@@drover reboot yes\n"
		ubuntu = "@@drover changed openssl 3.0.2-0ubuntu1.15 3.0.2-0ubuntu1.16\n@@drover security openssl\n@@drover changed linux-image-6.5.0-28-generic - 6.5.0-28.29\n" +
			"@@drover held docker-ce\n@@drover kept linux-generic-hwe-22.04\n@@drover kept linux-headers-generic-hwe-22.04\n@@drover kept linux-image-generic-hwe-22.04\n"
	)
	release := strings.Repeat("1", 55)
	long := strings.Repeat("a-name-as-long-as-a-line-of-a-phone-", 6)
	tests := []struct{ name, lines, want string }{
		{"fits", many.String(), "nothing to do, 300 held: package-with-a-long-name-000, package-with-a-long-name-001, package-with-a-long-name-002 and 297 more"},
		{"two names", many.String() + kernel, "nothing to do, 300 held: package-with-a-long-name-000, package-with-a-long-name-001 and 298 more · kernel 6.5.0-27 → 6.5.0-28 · reboot required"},
		{"one name", ubuntu + kernel, "1 upgraded (1 security), 1 installed, 1 held: docker-ce, 3 kept back: linux-generic-hwe-22.04 and 2 more · kernel 6.5.0-27 → 6.5.0-28 · reboot required"},
		{"no name", "@@drover changed " + long + " 1 -\n@@drover held x\n@@drover ignored y\n" + kernel,
			"1 removed, 1 held, no answer from 1 of the repositories · kernel 6.5.0-27 → 6.5.0-28 · reboot required"},
		{"long releases", "@@drover held x\n@@drover kernel 1" + release + " 2" + release + "\n@@drover reboot yes\n",
			"nothing to do, 1… · kernel 1" + release + " → 2" + release + " · reboot required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := builtin(t, "update").Summarize(action.Output{Stdout: "@@drover result\n" + tt.lines + "@@drover end\n"})
			if o.Summary != tt.want {
				t.Errorf("summary %q, want %q", o.Summary, tt.want)
			}
			if strings.Contains(tt.lines, "reboot yes") != strings.HasSuffix("\n"+o.Details, "\nReboot required") {
				t.Errorf("details %q", o.Details)
			}
		})
	}
}
