package action_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"drover/executor/action"
)

// fedora is a private package world for the machine's real dnf and rpm: a root of its own with a few tiny packages, and one
// repository for it.
type fedora struct {
	*host
	root string
}

// rpm is a package: name, version, release, and more lines of its spec.
type rpm struct{ name, version, release, spec string }

// newFedora makes a root in which these packages are installed, and a repository that has nothing else.
func newFedora(t *testing.T, packages ...rpm) *fedora {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("dnf needs root to install into a root of its own")
		}
		t.Skip("dnf needs root to install into a root of its own")
	}
	dir := t.TempDir()
	f := &fedora{host: &host{t: t, shell: []string{"dash"}, dir: dir}, root: filepath.Join(dir, "root")}
	for _, folder := range []string{"run", "boot", "modules", "bin", "home", "plugins", "build", "repository", "root/etc/yum.repos.d"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f.write("log", "")
	f.write("kernel", "5.14.0-362.8.1.el9_3.x86_64\n")
	f.write("home/.rpmmacros", "%_dbpath /var/lib/rpm\n%_topdir "+dir+"/build\n") // Debian's rpm keeps it elsewhere
	f.write("plugins/versionlock.conf", "[main]\nenabled=1\nlocklist="+dir+"/locks\n")
	f.write("locks", "")
	f.repository("base", "baseurl=file://"+dir+"/repository\n")
	f.executable("bin/dnf", `exec env HOME="$FAKE/home" /usr/bin/dnf --installroot="$FAKE/root" --releasever=1 --setopt=reposdir="$FAKE/root/etc/yum.repos.d" `+
		`--setopt=pluginconfpath="$FAKE/plugins" --disableplugin=local "$@"`)
	f.executable("bin/rpm", `exec env HOME="$FAKE/home" /usr/bin/rpm --root="$FAKE/root" "$@"`)
	f.executable("bin/uname", `cat "$FAKE/kernel"`)
	f.executable("bin/sleep", `echo "sleep $1" >>"$FAKE/log"`)
	f.path = dir + "/bin:" + f.bare()
	var names []string
	for _, p := range packages {
		f.build(p)
		names = append(names, p.name)
	}
	f.index()
	f.must(append([]string{"dnf", "-y", "install"}, names...)...)
	return f
}

func (f *fedora) repository(name, lines string) {
	f.t.Helper()
	f.write("root/etc/yum.repos.d/"+name+".repo", fmt.Sprintf("[%s]\nname=%s\nenabled=1\ngpgcheck=0\n%s", name, name, lines))
}

func (f *fedora) build(p rpm) {
	f.t.Helper()
	spec := filepath.Join("build", p.name+"-"+p.version+".spec")
	f.write(spec, fmt.Sprintf("Name: %s\nVersion: %s\nRelease: %s\nSummary: a test\nLicense: none\nBuildArch: noarch\n%s%%description\nA test.\n%%files\n",
		p.name, p.version, p.release, p.spec))
	cmd := exec.Command("rpmbuild", "-bb", "--quiet", "--define", "_rpmdir "+f.dir+"/repository", filepath.Join(f.dir, spec))
	cmd.Env = append(os.Environ(), "HOME="+f.dir+"/home")
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("rpmbuild: %v\n%s", err, out)
	}
}

// offer puts packages into the repository; the ones for security come with an advisory that says so.
func (f *fedora) offer(packages, security []rpm) {
	f.t.Helper()
	var advisories strings.Builder
	for _, p := range security {
		fmt.Fprintf(&advisories, `<update from="x" status="final" type="security" version="1"><id>TEST-%s</id><title>%[1]s</title>`+
			`<issued date="2026-01-01 00:00:00"/><severity>Important</severity><description>x</description><pkglist><collection short="x"><name>x</name>`+
			`<package name="%[1]s" version="%s" release="%s" epoch="0" arch="noarch"><filename>x.rpm</filename></package></collection></pkglist></update>`,
			p.name, p.version, p.release)
	}
	for _, p := range append(packages, security...) {
		f.build(p)
	}
	f.index()
	f.write("updateinfo.xml", `<?xml version="1.0" encoding="UTF-8"?><updates>`+advisories.String()+"</updates>")
	if out, err := exec.Command("modifyrepo_c", "--mdtype=updateinfo", f.dir+"/updateinfo.xml", f.dir+"/repository/repodata").CombinedOutput(); err != nil {
		f.t.Fatalf("modifyrepo_c: %v\n%s", err, out)
	}
}

func (f *fedora) index() {
	f.t.Helper()
	if out, err := exec.Command("createrepo_c", "-q", f.dir+"/repository").CombinedOutput(); err != nil {
		f.t.Fatalf("createrepo_c: %v\n%s", err, out)
	}
}

// installed are the packages in the root's own database.
func (f *fedora) installed() string {
	f.t.Helper()
	return f.run("rpm -qa | sort").Stdout
}

const longName = "a-package-with-a-name-that-is-much-too-long-for-a-terminal-of-eighty-columns"

// pendingRPMs is a Fedora with something of every kind: updates, one of them for security, one that is locked, one that
// cannot come, one that replaces another package, and one with a very long name.
func pendingRPMs(t *testing.T) *fedora {
	f := newFedora(t, rpm{name: "alpha", version: "1.0", release: "1"}, rpm{name: "beta", version: "2.0", release: "1"},
		rpm{name: "gamma", version: "1.0", release: "1"}, rpm{name: "locked", version: "1.0", release: "1"},
		rpm{name: "old", version: "1.0", release: "1"}, rpm{name: longName, version: "1.0.20240101.gitdeadbeef", release: "1"})
	f.offer([]rpm{
		{name: "alpha", version: "1.1", release: "1"},
		{"gamma", "2.0", "1", "Requires: nothing-of-that-name\n"},
		{name: "locked", version: "2.0", release: "1"},
		{"new", "3.0", "1", "Obsoletes: old < 2\nProvides: old = 2\n"},
		{name: longName, version: "1.0.20250101.gitdeadbeef", release: "1"},
	}, []rpm{{name: "beta", version: "2.0", release: "2"}})
	f.write("locks", "locked-0:1.0-1.*\n")
	return f
}

// An update, a preview of it before, another one after it, and then the full upgrade that may replace a package.
func TestRealDnfUpdate(t *testing.T) {
	t.Parallel()
	f := pendingRPMs(t)
	before := f.installed()
	out, o := f.preview("update", nil)
	f.record("update-preview", out)
	f.wantSummary(o, "4 to upgrade (1 security), 1 held: locked, 1 kept back: old.noarch")
	f.want("a preview", before, f.installed())

	out, o = f.perform("update", nil)
	f.record("update", out)
	f.wantSummary(o, "3 upgraded (1 security), 1 held: locked, 2 kept back: gamma.noarch, old.noarch")
	f.want("details", longName+`.noarch 1.0.20240101.gitdeadbeef-1 → 1.0.20250101.gitdeadbeef-1
alpha.noarch 1.0-1 → 1.1-1
beta.noarch 2.0-1 → 2.0-2 (security)
Held: locked
Kept back: gamma.noarch, old.noarch`, o.Details)
	after := longName + "-1.0.20250101.gitdeadbeef-1.noarch\nalpha-1.1-1.noarch\nbeta-2.0-2.noarch\ngamma-1.0-1.noarch\nlocked-1.0-1.noarch\nold-1.0-1.noarch\n"
	f.want("packages", after, f.installed())
	_, o = f.perform("update", nil)
	f.wantSummary(o, "nothing to do, 1 held: locked, 2 kept back: gamma.noarch, old.noarch")
	f.want("packages", after, f.installed())

	out, o = f.preview("full-upgrade", nil)
	f.record("full-upgrade-preview", out)
	f.wantSummary(o, "1 to upgrade, 1 to install, 1 to remove: old.noarch, 1 held: locked")
	out, o = f.perform("full-upgrade", nil)
	f.record("full-upgrade", out)
	f.wantSummary(o, "1 installed, 1 removed: old.noarch, 1 held: locked, 1 kept back: gamma.noarch")
	f.want("packages", strings.Replace(after, "old-1.0-1", "new-3.0-1", 1), f.installed())
}

// A kernel comes beside its older versions, and dnf itself removes the oldest when there are more than its limit: what is
// told is that, and no upgrade of one of them to another.
func TestRealDnfUpdateOfAKernel(t *testing.T) {
	t.Parallel()
	kernel := func(version string) rpm { return rpm{"kern", version, "1", "Provides: installonlypkg(kernel)\n"} }
	f := newFedora(t, kernel("1.0"))
	if err := os.MkdirAll(filepath.Join(f.root, "etc/dnf"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.write("root/etc/dnf/dnf.conf", "[main]\ninstallonly_limit=2\n")
	f.offer([]rpm{kernel("2.0")}, nil)
	_, o := f.preview("update", nil)
	f.wantSummary(o, "1 to install")
	_, o = f.perform("update", nil)
	f.wantSummary(o, "1 installed")
	f.want("details", "kern.noarch 2.0-1 (new)", o.Details)

	f.offer(nil, []rpm{kernel("3.0")})
	out, o := f.preview("update", nil)
	f.record("update-kernel-preview", out)
	f.wantSummary(o, "1 to install (1 security)")
	f.want("details", "kern.noarch 3.0-1 (new) (security)", o.Details)
	out, o = f.perform("update", nil)
	f.record("update-kernel", out)
	f.wantSummary(o, "1 installed (1 security), 1 removed: kern.noarch 1.0-1")
	f.want("details", "kern.noarch 3.0-1 (new) (security)\nkern.noarch 1.0-1 removed", o.Details)
	f.want("packages", "kern-2.0-1.noarch\nkern-3.0-1.noarch\n", f.installed())

	f.offer([]rpm{{"kern", "4.0", "1", "Provides: installonlypkg(kernel)\nRequires: nothing-of-that-name\n"}}, nil)
	_, o = f.perform("update", nil)
	f.wantSummary(o, "nothing to do, 1 kept back: kern.noarch")
}

// What dnf itself knows to need a reboot is more than the kernel: the plugin says so of what was updated since the boot.
func TestRealDnfUpdateThatNeedsAReboot(t *testing.T) {
	t.Parallel()
	f := newFedora(t, rpm{name: "linux-firmware", version: "1.0", release: "1"})
	f.offer([]rpm{{name: "linux-firmware", version: "2.0", release: "1"}}, nil)
	out, o := f.perform("update", nil)
	f.record("update-reboot", out)
	f.wantSummary(o, "1 upgraded · reboot required")
	f.want("details", "linux-firmware.noarch 1.0-1 → 2.0-1\nReboot required", o.Details)
	f.want("fact", "yes", o.Facts["reboot_required"])
	// Without the plugin only the kernel counts.
	f.executable("bin/dnf", strings.Replace(f.read("bin/dnf"), "--disableplugin=local", "--noplugins", 1))
	_, o = f.perform("update", nil)
	f.wantSummary(o, "nothing to do")
	f.want("fact", "no", o.Facts["reboot_required"])
}

func TestRealDnfUpdateForSecurityOnly(t *testing.T) {
	t.Parallel()
	f := pendingRPMs(t)
	security := map[string]string{"security": "true"}
	_, o := f.preview("update", security)
	f.wantSummary(o, "1 to upgrade (1 security), 1 held: locked")
	out, o := f.perform("update", security)
	f.record("update-security", out)
	f.wantSummary(o, "1 upgraded (1 security), 1 held: locked")
	if got := f.installed(); !strings.Contains(got, "alpha-1.0-1") || !strings.Contains(got, "beta-2.0-2") {
		t.Errorf("packages:\n%s", got)
	}
}

func TestRealDnfFailures(t *testing.T) {
	t.Parallel()
	f := pendingRPMs(t)
	before := f.installed()
	tests := []struct{ name, lines, want string }{
		{"missing-repository", "baseurl=file:///nowhere\n", "the repository extra is broken: mend it or disable it, then update again"},
		{"unreachable-repository", "baseurl=http://127.0.0.1:1\n", "127.0.0.1 cannot be reached: check the server's network (ping-internet shows whether it has one)"},
	}
	for _, tt := range tests {
		f.repository("extra", tt.lines)
		out, o := f.perform("update", nil)
		f.record("update-"+tt.name, out)
		f.want("reason", tt.want, o.Reason)
		if !o.Failed || out.ExitCode != 1 {
			t.Errorf("failed %t, exit %d", o.Failed, out.ExitCode)
		}
		f.want("packages", before, f.installed())
	}
	// Its own file says that it may be away: the update goes on, and says so.
	f.repository("extra", "baseurl=file:///nowhere\nskip_if_unavailable=1\n")
	out, o := f.perform("update", nil)
	f.record("update-optional-repository", out)
	f.wantSummary(o, "3 upgraded (1 security), 1 held: locked, 2 kept back: gamma.noarch, old.noarch, no answer from the repository extra")
}

func TestRealDnfLock(t *testing.T) {
	t.Parallel()
	f := newFedora(t, rpm{name: "alpha", version: "1.0", release: "1"})
	f.write("root/var/cache/dnf/metadata_lock.pid", fmt.Sprint(os.Getpid()))
	a, text := f.render("update", nil, (*action.Action).Command)
	out := f.run(strings.Replace(text, "-lt 60", "-lt 3", 1)) // each try takes dnf half a second
	f.record("update-lock", out)
	f.want("reason", "action.test (process 4711) has the lock of the package manager: try again when it is done", f.normal(a.Summarize(out).Reason))
	if n := strings.Count(f.read("log"), "sleep 5\n"); n != 2 || out.ExitCode != 200 {
		t.Errorf("waited %d times, exit %d", n, out.ExitCode)
	}
}

func (f *fedora) record(name string, out action.Output) {
	f.t.Helper()
	recorded(f.t, action.ResultPackages, "dnf", versionOf(f.t, "/usr/bin/dnf", "--version"), name, action.Output{
		ExitCode: out.ExitCode, Stdout: f.normal(out.Stdout), Stderr: f.normal(out.Stderr),
	})
}

// normal takes out of an output what differs each time: sizes, times, speeds, and how often it tried.
func (f *fedora) normal(text string) string {
	text = strings.ReplaceAll(text, f.dir, "/tmp/host")
	text = regexp.MustCompile(`(?i)(process|pid|locked by) \d+`).ReplaceAllString(text, "$1 4711")
	text = regexp.MustCompile(`after \d+ ms`).ReplaceAllString(text, "after 0 ms")
	text = regexp.MustCompile(`(?m)^(  - Curl error .*\n)(  - Curl error .*\n)+`).ReplaceAllString(text, "$1") // one for each try
	return regexp.MustCompile(`(?m)^\S+ +[0-9.]+ +[kM]?B/s .*\n|^(Last metadata|Total size|    (Memory|Started|State) *:).*\n| +[0-9.]+ k$`).ReplaceAllString(text, "")
}
