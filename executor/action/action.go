package action

import (
	"slices"
	"time"
)

// Platform says which language a server's command line speaks.
type Platform string

// The platforms that an action can have a command for.
const (
	Linux    Platform = "linux"    // a POSIX shell
	RouterOS Platform = "routeros" // MikroTik's command line, which is not a shell
	IOS      Platform = "ios"      // Cisco's command line, which is not a shell
)

// Platforms returns every platform, in the order in which they are shown.
func Platforms() []Platform { return []Platform{Linux, RouterOS, IOS} }

// The roles that an action can ask for.
const (
	RoleViewer   = "viewer"
	RoleOperator = "operator"
)

// The proofs that an action can ask for after it ran (Action.Verify).
const (
	VerifyNone     = "none"     // the exit status is the proof
	VerifyRebooted = "rebooted" // the server came back with another boot id
	VerifyDown     = "down"     // the server stopped answering
)

// SettingMainHost is the setting that a parameter can take its default from (Parameter.Setting).
const SettingMainHost = "main-host"

// Action is one thing that drover may do. Parse makes it; its fields are not changed afterwards.
type Action struct {
	Name        string // as typed: ^[a-z0-9][a-z0-9._-]{0,62}$
	Title       string // for cards; the name when the file gives none
	Description string // one line for help
	Role        string // RoleViewer or RoleOperator
	Approvals   int    // how many colleagues must agree before it runs
	Changes     bool   // false: read only, goes on during a freeze
	Sudo        bool   // Run is done as root; Preview never is
	Detach      bool   // survives a lost link; its result is fetched afterwards
	Timeout     time.Duration
	Silence     time.Duration // how long it may print nothing; 0: as long as Timeout allows
	Parameters  []Parameter
	Run         map[Platform]Command
	Preview     map[Platform]Command // empty: the action has no preview
	Verify      string               // VerifyNone, VerifyRebooted or VerifyDown
	Result      string               // how the output is read: ResultText, ResultTiming, ResultStatus or ResultPackages

	preview bool // AsPreview has made it
}

// Command is what runs on one platform: either a list of words or a POSIX script, never both.
type Command struct {
	Argv   []string // each element becomes one word; it may hold {{parameter}}
	Script string   // fixed text; each parameter is a variable in it
}

// Values are bound parameters by name, in canonical form: 7 and not +07, true and not yes. Bind makes them.
type Values map[string]string

// Parameter returns the declared parameter of that name.
func (a *Action) Parameter(name string) (Parameter, bool) {
	i := slices.IndexFunc(a.Parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return a.Parameters[i], true
}

// parameterNames returns the names in declared order, which is the order of the positional arguments.
func (a *Action) parameterNames() []string {
	names := make([]string, len(a.Parameters))
	for i, p := range a.Parameters {
		names[i] = p.Name
	}
	return names
}
