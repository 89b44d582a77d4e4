package action

import "strings"

// failureCause names why a package manager failed, when its messages hold a sentence that is known. They are read in the
// C locale, which the scripts set. The order matters: a full disk also interrupts dpkg and breaks a download.
func failureCause(text string, exitCode int) string {
	for _, known := range []struct{ sentence, cause string }{
		{"no apt-get on this server", "this server has no apt-get: update knows only apt for now"},
		{"No space left on device", "no space left on the server"},
		{"You don't have enough free space in", "no space left on the server"},
		{"dpkg was interrupted", "dpkg was interrupted earlier: run dpkg --configure -a on the server"},
		{"Could not get lock", "another package manager is running (could not get its lock)"},
		{"Unable to acquire the dpkg frontend lock", "another package manager is running (could not get its lock)"},
		{"Packages need to be removed but remove is disabled", "the update would remove packages: full-upgrade may do that"},
		{"Unmet dependencies", "the server has unmet dependencies: run apt-get -f install on it"},
		{"Failed to fetch", "a package source is broken (failed to fetch)"},
		{"The repository", "a package source is broken (failed to fetch)"},
		{"are you root?", "update needs root: check sudo for this server"},
	} {
		if strings.Contains(text, known.sentence) {
			return known.cause
		}
	}
	return "the package manager failed: " + exitReason(exitCode)
}
