package ssh

import (
	"os/exec"
	"strings"
	"testing"
)

const saidByDebian = `lecture
drover-host-N system=Linux
drover-host-N kernel=6.1.0-37-amd64
drover-host-N boot=0f0e0d0c-1111-4222-8333-444455556666
drover-host-N machine=00112233445566778899aabbccddeeff
drover-host-N stat=1 (my) init 2) S 0 1 1 0 -1 4194560 9 8 7 6 5 4 3 2 20 0 1 0 123 456
drover-host-N id="rocky"
drover-host-N version='9.4'
drover-host-N like="rhel centos fedora"
`

func TestHostFacts(t *testing.T) {
	want := HostFacts{
		System: "Linux", Kernel: "6.1.0-37-amd64", BootID: "0f0e0d0c-1111-4222-8333-444455556666", BootStart: "123",
		MachineID: "00112233445566778899aabbccddeeff", Distribution: "rocky", Version: "9.4", Like: "rhel centos fedora",
	}
	if got := readIntroduction([]byte(saidByDebian), "N").facts; got != want {
		t.Errorf("%+v", got)
	}
	if want.Boot() != "0f0e0d0c-1111-4222-8333-444455556666:123" {
		t.Error(want.Boot())
	}
	if got := readIntroduction([]byte(saidByDebian), "M").facts; got != (HostFacts{}) || got.Boot() != "" {
		t.Errorf("forged: %+v", got)
	}
}

// TestHostFactsAreNotTheServersWords: an error that quotes the server leaves them out.
func TestHostFactsAreNotTheServersWords(t *testing.T) {
	if got := withoutHost([]byte(saidByDebian+"sudo: not found\n"), "N"); got != "lecture\nsudo: not found\n" {
		t.Errorf("%q", got)
	}
}

// TestHostFactsThatCannotBeRight are no facts; where a later line says better, that one counts.
func TestHostFactsThatCannotBeRight(t *testing.T) {
	said := strings.NewReplacer(
		"0f0e0d0c-", "0f0e0d0cx", "00112233", "0011223", " 123 456", "", "6.1.0-37-amd64", "\x1b[31m6.1"+strings.Repeat("é", 40),
	).Replace(saidByDebian)
	got := readIntroduction([]byte(said), "N").facts
	if got.BootID != "" || got.MachineID != "" || got.BootStart != "" || got.Boot() != "" || got.Kernel != "6.1"+strings.Repeat("é", 30) {
		t.Errorf("%+v", got)
	}
	got = readIntroduction([]byte(said+saidByDebian), "N").facts
	if got.Boot() != "0f0e0d0c-1111-4222-8333-444455556666:123" {
		t.Errorf("%+v", got)
	}
}

// TestHostInEveryShell compares what the script says in each shell that /bin/sh may be with what other programs read.
func TestHostInEveryShell(t *testing.T) {
	want := strings.TrimSpace(output(t, "/bin/sh", "-c", `. /etc/os-release; echo "$(uname -s)|$ID|$VERSION_ID|$ID_LIKE|$(uname -r)|$(cat /etc/machine-id)|`+
		`$(cat /proc/sys/kernel/random/boot_id)|$(sed 's/.*) //' /proc/1/stat | cut -d' ' -f20)"`))
	for name, shell := range shells {
		t.Run(name, func(t *testing.T) {
			cmd := inShell(t, shell, hostScript+commandScript, "true", "plain")
			_, errs, _ := serve(t, cmd).end()
			h := readIntroduction([]byte(errs), "N").facts
			if got := strings.Join([]string{h.System, h.Distribution, h.Version, h.Like, h.Kernel, h.MachineID, h.BootID, h.BootStart}, "|"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
