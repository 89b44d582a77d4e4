package action_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/executor/action"
)

// debian is a private package world for the machine's real apt and dpkg: a root of its own with a few tiny packages, and
// two archives for it, one of which says that it is Debian-Security. Nothing of it needs root's rights or a network.
type debian struct {
	*host
	root string
}

// newDebian makes a root in which these packages are installed, and archives without any.
func newDebian(t *testing.T, packages ...deb) *debian {
	t.Helper()
	dir := t.TempDir()
	d := &debian{host: &host{t: t, shell: []string{"dash"}, dir: dir}, root: filepath.Join(dir, "root")}
	for _, folder := range []string{
		"run", "boot", "modules", "bin", "root/var/lib/dpkg/updates", "root/var/lib/dpkg/info", "root/var/lib/apt/lists/partial", "root/var/lib/apt/periodic",
		"root/var/cache/apt/archives/partial", "root/var/log/apt", "root/etc/apt/preferences.d", "root/etc/apt/apt.conf.d", "main", "security", "strange",
	} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.write("root/var/lib/dpkg/status", "")
	d.write("kernel", "6.1.0-21-amd64\n")
	d.write("log", "")
	d.write("root/etc/apt/sources.list", fmt.Sprintf("deb [trusted=yes] file:%s/main ./\ndeb [trusted=yes] file:%s/security ./\n", dir, dir))
	d.write("apt.conf", fmt.Sprintf(`Dir "%s"; Dir::State::status "%s/var/lib/dpkg/status"; Dir::Bin::dpkg "/usr/bin/dpkg";
APT::Sandbox::User "root"; APT::Architecture "amd64"; DPkg::Options { "--root=%s"; "--force-not-root"; "--log=/dev/null"; };
`, d.root, d.root, d.root))
	d.executable("bin/apt-get", `exec env APT_CONFIG="$FAKE/apt.conf" /usr/bin/apt-get "$@"`)
	d.executable("bin/apt-mark", `exec env APT_CONFIG="$FAKE/apt.conf" /usr/bin/apt-mark "$@"`)
	d.executable("bin/dpkg-query", `exec /usr/bin/dpkg-query --admindir="$FAKE/root/var/lib/dpkg" "$@"`)
	d.executable("bin/uname", `cat "$FAKE/kernel"`)
	d.executable("bin/sleep", `echo "sleep $1" >>"$FAKE/log"`)
	d.path = dir + "/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, p := range packages {
		d.dpkg("-i", d.build(p, dir))
	}
	d.index("main", "Label: Debian\nSuite: stable\n")
	d.index("security", "Label: Debian-Security\nSuite: stable-security\n")
	d.index("strange", "Label: Strange\n")
	return d
}

func (d *debian) dpkg(args ...string) {
	d.t.Helper()
	args = append([]string{"--root=" + d.root, "--force-not-root", "--log=/dev/null"}, args...)
	if out, err := exec.Command("/usr/bin/dpkg", args...).CombinedOutput(); err != nil {
		d.t.Fatalf("dpkg: %v\n%s", err, out)
	}
}

// deb is a package: its name, its version and more lines of its control file.
type deb struct{ name, version, control string }

// build makes a package file in a folder and returns its path.
func (d *debian) build(p deb, folder string) string {
	d.t.Helper()
	tree := d.t.TempDir()
	file := filepath.Join(folder, p.name+"_"+p.version+".deb")
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: a test\n%s", p.name, p.version, p.control)
	control, script, scripted := strings.Cut(control, "postinst:")
	if err := os.MkdirAll(filepath.Join(tree, "DEBIAN"), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if scripted {
		if err := os.WriteFile(filepath.Join(tree, "DEBIAN", "postinst"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "DEBIAN", "control"), []byte(control), 0o644); err != nil {
		d.t.Fatal(err)
	}
	if out, err := exec.Command("dpkg-deb", "--build", tree, file).CombinedOutput(); err != nil {
		d.t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	return file
}

// offer puts packages into an archive.
func (d *debian) offer(archive string, packages ...deb) {
	d.t.Helper()
	for _, p := range packages {
		d.build(p, filepath.Join(d.dir, archive))
	}
	text, err := os.ReadFile(filepath.Join(d.dir, archive, "head"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.index(archive, string(text))
}

func (d *debian) index(archive, head string) {
	d.t.Helper()
	dir := filepath.Join(d.dir, archive)
	d.write(archive+"/head", head)
	for _, step := range []struct{ command, file string }{{"packages", "Packages"}, {"release", "Release"}} {
		cmd := exec.Command("apt-ftparchive", step.command, ".")
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			d.t.Fatalf("apt-ftparchive %s: %v", step.command, err)
		}
		if step.file == "Release" {
			out = append([]byte(head), out...)
		}
		d.write(archive+"/"+step.file, string(out))
	}
}

// installed are the packages and versions in the root's own database.
func (d *debian) installed() string {
	d.t.Helper()
	out, err := exec.Command("/usr/bin/dpkg-query", "--admindir="+d.root+"/var/lib/dpkg", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n").Output()
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), " \n", "\n")
}

// pending is a Debian with something of every kind: an update, one for security that needs a new package, one that is
// held, and one that cannot come without the removal of another.
func pending(t *testing.T) *debian {
	d := newDebian(t,
		deb{name: "alpha", version: "1.0"}, deb{name: "beta", version: "1.0"}, deb{name: "docker-ce", version: "1.0"},
		deb{name: "gamma", version: "1.0"}, deb{name: "victim", version: "1.0"})

	d.offer("main", deb{name: "alpha", version: "1.1"}, deb{name: "docker-ce", version: "2.0"}, deb{name: "fresh", version: "3.0"})
	d.offer("security", deb{"beta", "1.0-2", "Depends: fresh\n"}, deb{"gamma", "2.0", "Conflicts: victim\n"})
	if out := d.run("apt-get -q update && apt-mark hold docker-ce"); out.ExitCode != 0 {
		t.Fatalf("hold: %+v", out)
	}
	return d
}

// An update, a preview of it before, and another one after it.
func TestRealUpdate(t *testing.T) {
	t.Parallel()
	d := pending(t)
	before := d.installed()
	out, o := d.preview("update", nil)
	d.record("update-preview", out)
	d.wantSummary(o, "2 to upgrade (1 security), 1 to install, 1 held: docker-ce, 1 kept back: gamma")
	d.want("a preview", before, d.installed())

	out, o = d.perform("update", nil)
	d.record("update", out)
	d.wantSummary(o, "2 upgraded (1 security), 1 installed, 1 held: docker-ce, 1 kept back: gamma")
	d.want("details", `alpha 1.0 → 1.1
beta 1.0 → 1.0-2 (security)
fresh 3.0 (new)
Held: docker-ce
Kept back: gamma (security)`, o.Details)
	after := "alpha 1.1 ii\nbeta 1.0-2 ii\ndocker-ce 1.0 hi\nfresh 3.0 ii\ngamma 1.0 ii\nvictim 1.0 ii\n"
	d.want("packages", after, d.installed())

	_, o = d.perform("update", nil)
	d.wantSummary(o, "nothing to do, 1 held: docker-ce, 1 kept back: gamma")
	d.want("packages", after, d.installed())
}

// A preview refreshes no lists: it says how old those are that it goes by.
func TestRealPreviewOfOldLists(t *testing.T) {
	t.Parallel()
	d := newDebian(t, deb{name: "alpha", version: "1.0"})
	d.offer("security", deb{name: "alpha", version: "1.1"})
	out, o := d.preview("update", nil)
	d.record("update-preview-without-lists", out)
	d.wantSummary(o, "nothing to do · the package lists were never fetched")
	d.want("details", "Nothing to do.\nThe package lists were never fetched: an update does that first.", o.Details)

	d.must("apt-get", "-q", "update")
	_, o = d.preview("update", nil)
	d.wantSummary(o, "1 to upgrade (1 security)")
	fetched := time.Now().Add(-3*24*time.Hour - time.Hour)
	if err := os.Chtimes(filepath.Join(d.root, "var/lib/apt/lists"), fetched, fetched); err != nil {
		t.Fatal(err)
	}
	_, o = d.preview("update", nil)
	d.wantSummary(o, "1 to upgrade (1 security) · lists of 3 days ago")
	d.want("details", "alpha 1.0 → 1.1 (security)\nThe package lists are of 3 days ago: an update fetches new ones first.", o.Details)
	// The server looked by itself a moment ago, and there was nothing new.
	d.write("root/var/lib/apt/periodic/update-success-stamp", "")
	_, o = d.preview("update", nil)
	d.wantSummary(o, "1 to upgrade (1 security)")

	_, o = d.perform("update", nil)
	d.want("details", "alpha 1.0 → 1.1 (security)", o.Details)
}

func TestRealUpdateForSecurityOnly(t *testing.T) {
	t.Parallel()
	d := pending(t)
	_, o := d.preview("update", map[string]string{"security": "true"})
	d.wantSummary(o, "1 to upgrade (1 security), 1 held: docker-ce, 1 kept back: gamma")
	out, o := d.perform("update", map[string]string{"security": "true"})
	d.record("update-security", out)
	d.wantSummary(o, "1 upgraded (1 security), 1 installed, 1 held: docker-ce, 1 kept back: gamma")
	d.want("packages", "alpha 1.0 ii\nbeta 1.0-2 ii\ndocker-ce 1.0 hi\nfresh 3.0 ii\ngamma 1.0 ii\nvictim 1.0 ii\n", d.installed())
}

// A full upgrade takes what needs a removal, and says what it removed.
func TestRealFullUpgrade(t *testing.T) {
	t.Parallel()
	d := pending(t)
	before := d.installed()
	out, o := d.preview("full-upgrade", nil)
	d.record("full-upgrade-preview", out)
	d.wantSummary(o, "3 to upgrade (2 security), 1 to install, 1 to remove: victim, 1 held: docker-ce")
	d.want("a preview", before, d.installed())
	out, o = d.perform("full-upgrade", nil)
	d.record("full-upgrade", out)
	d.wantSummary(o, "3 upgraded (2 security), 1 installed, 1 removed: victim, 1 held: docker-ce")
	d.want("packages", "alpha 1.1 ii\nbeta 1.0-2 ii\ndocker-ce 1.0 hi\nfresh 3.0 ii\ngamma 2.0 ii\n", d.installed())
}

// What goes wrong is named, with what to do next, and nothing is upgraded.
func TestRealUpdateFailures(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(d *debian)
		want  string
	}{
		{"interrupted", func(d *debian) { d.write("root/var/lib/dpkg/updates/0001", "") },
			"dpkg was interrupted earlier: run dpkg --configure -a on the server, then update again"},
		{"lists-lock", func(d *debian) { d.lock("root/var/lib/apt/lists/lock") },
			"action.test (process 4711) has the lock of the package manager: try again when it is done"},
		{"dpkg-lock", func(d *debian) { d.lock("root/var/lib/dpkg/lock-frontend") },
			"action.test (process 4711) has the lock of the package manager: try again when it is done"},
		{"missing-source", func(d *debian) { d.source("[trusted=yes] file:" + d.dir + "/nowhere ./") },
			"the package source file:/tmp/host/nowhere/./Packages is broken: mend it or take it out, then update again"},
		{"unsigned-source", func(d *debian) { d.source("file:" + d.dir + "/strange ./") },
			"the package source file:/tmp/host/strange ./ Release is not signed by a key that the server trusts: look at it before you do"},
		{"unreachable-source", func(d *debian) { d.source("[trusted=yes] http://127.0.0.1:1 ./") },
			"127.0.0.1 cannot be reached: check the server's network (ping-internet shows whether it has one)"},
		{"refusing-source", func(d *debian) {
			source := httptest.NewServer(http.NotFoundHandler())
			d.t.Cleanup(source.Close)
			d.source("[trusted=yes] " + source.URL + " ./")
		}, "the package source http://127.0.0.1:8080/./Packages answers 404 Not Found: mend it or take it out, then update again"},
		{"malformed-source", func(d *debian) { d.source("./ nonsense") },
			"the list of package sources cannot be read: mend /tmp/host/root/etc/apt/sources.list on the server"},
		{"unmet", func(d *debian) {
			d.dpkg("--force-depends", "-i", d.build(deb{"needy", "1.0", "Depends: nothing-of-that-name\n"}, d.dir))
		}, "the server has unmet dependencies: run apt-get -f install on it, then update again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := pending(t)
			tt.spoil(d)
			before := d.installed()
			out, o := d.perform("update", nil)
			d.record("update-"+tt.name, out)
			d.want("reason", tt.want, d.normal(o.Reason))
			if !o.Failed || out.ExitCode != 100 {
				t.Errorf("failed %t, exit %d", o.Failed, out.ExitCode)
			}
			d.want("packages", before, d.installed())
		})
	}
}

// A package whose own script fails is named, and so is what came before it.
func TestRealUpdateOfABrokenPackage(t *testing.T) {
	t.Parallel()
	d := pending(t)
	d.dpkg("-i", d.build(deb{name: "faulty", version: "1.0"}, d.dir))
	d.offer("main", deb{"faulty", "1.1", "postinst:exit 1"})
	out, o := d.perform("update", nil)
	d.record("update-broken-package", out)
	d.wantSummary(o, "the package faulty failed: its own messages are in the thread · before that 3 upgraded (1 security), 1 installed")
	if want := "Not fully installed: faulty"; !strings.Contains(o.Details, want) {
		t.Errorf("details %q, want %q in them", o.Details, want)
	}
}

// waited are apt's lines about a lock for which it waits.
var waited = regexp.MustCompile(`(Waiting for cache lock: [^\n]*\n)(?:Waiting for cache lock: [^\n]*\n)+`)

// A lock that was waited for and given back is not what the update failed of.
func TestRealUpdateOfABrokenPackageAfterALock(t *testing.T) {
	t.Parallel()
	d := pending(t)
	d.dpkg("-i", d.build(deb{name: "faulty", version: "1.0"}, d.dir))
	d.offer("main", deb{"faulty", "1.1", "postinst:exit 1"})
	d.lockUntilWaitedFor("root/var/lib/dpkg/lock-frontend")
	a, text := d.render("update", nil, (*action.Action).Command)
	out := d.run(strings.Replace(text, "Lock::Timeout=600", "Lock::Timeout=60", 1))
	out.Stdout = waited.ReplaceAllString(out.Stdout, "$1") // apt says it anew each second
	d.record("update-broken-package-after-lock", out)
	if !strings.Contains(out.Stdout, "Waiting for cache lock: ") {
		t.Errorf("it did not wait:\n%s", out.Stdout)
	}
	d.wantSummary(a.Summarize(out), "the package faulty failed: its own messages are in the thread · before that 3 upgraded (1 security), 1 installed")
}

// source adds a line to the list of archives.
func (d *debian) source(line string) {
	d.write("root/etc/apt/sources.list", d.read("root/etc/apt/sources.list")+"deb "+line+"\n")
}

// lockUntilWaitedFor gives the lock back when apt-get -y has begun to say something, which is that it waits.
func (d *debian) lockUntilWaitedFor(name string) {
	d.t.Helper()
	for _, pipe := range []string{"said", "waits"} {
		if err := syscall.Mkfifo(filepath.Join(d.dir, pipe), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	d.executable("bin/apt-get", `export APT_CONFIG="$FAKE/apt.conf"
case $1 in -y) ;; *) exec /usr/bin/apt-get "$@" ;; esac
/usr/bin/apt-get "$@" >"$FAKE/said" &
{ dd bs=1 count=1 2>/dev/null; : >"$FAKE/waits"; cat; } <"$FAKE/said"
wait $!`)
	held := d.lock(name)
	go func() {
		if waits, err := os.Open(filepath.Join(d.dir, "waits")); err == nil { // blocks until somebody writes
			waits.Close()
		}
		held.Close()
	}()
}

// lock holds a lock as another package manager would.
func (d *debian) lock(name string) *os.File {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { f.Close() })
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}); err != nil {
		d.t.Fatal(err)
	}
	return f
}

func (d *debian) record(name string, out action.Output) {
	d.t.Helper()
	recorded(d.t, action.ResultPackages, "apt", versionOf(d.t, "/usr/bin/apt-get", "--version"), name, action.Output{
		ExitCode: out.ExitCode, Stdout: d.normal(out.Stdout), Stderr: d.normal(out.Stderr),
	})
}

// normal takes out of an output what differs each time: sizes, times, and the order in which files arrive.
func (d *debian) normal(text string) string {
	text = strings.ReplaceAll(text, d.dir, "/tmp/host")
	text = regexp.MustCompile(`(127\.0\.0\.1[: ])\d+`).ReplaceAllString(text, "${1}8080")
	text = regexp.MustCompile(`process \d+`).ReplaceAllString(text, "process 4711")
	text = regexp.MustCompile(`(?m)^@@drover lists \d+`).ReplaceAllString(text, "@@drover lists 1234")
	text = regexp.MustCompile(`(?m)^Err:\d+`).ReplaceAllString(text, "Err:1")
	return regexp.MustCompile(`(?m)^Fetched .*\n|^(?:Get|Ign|Hit):[0-9]+ .*\n| \[[0-9,.]+ k?B\]$|^Need to get .*\n`).ReplaceAllString(text, "")
}
