package slacksim

import "errors"

// Aside is what a demo shows in the page's side panel beside Slack: the
// machines behind the app, which can be made to fail, and what to try. It knows
// nothing of what the app does.
type Aside struct {
	// Roles say in a few words what a person may do, by user id.
	Roles map[string]string
	// Steps lead a newcomer, one after the other; More is what else is worth a try.
	Steps, More []Suggestion
	// Machines tells how the machines are. It is asked about once a second for
	// each open page, from any goroutine.
	Machines func() []Machine
	// Faults are the ways in which Break can make a machine fail, and mend it.
	Faults []MachineFault
	// Break makes a machine fail. Its error is shown to the person.
	Break func(machine, fault string) error
}

// Suggestion is something to try. At most one of Command, Break and Thread says
// what happens when it is clicked, and when the page ticks it off.
type Suggestion struct {
	Title string `json:"title"`
	// Command is a slash command with its text.
	Command string `json:"command,omitempty"`
	// As is the user id of who types it; "": whoever the page's person is.
	As string `json:"as,omitempty"`
	// Break is a machine, and Fault what happens to it.
	Break string `json:"break,omitempty"`
	Fault string `json:"fault,omitempty"`
	// Thread is about reading the thread of the app's last message.
	Thread bool `json:"thread,omitempty"`
}

// Machine is one machine behind the app.
type Machine struct {
	Name string   `json:"name"`
	Tags []string `json:"tags"`
	// State is how it is in a word or two, and Well whether that is good.
	State string `json:"state"`
	Well  bool   `json:"well"`
	// Notes are a few words each, for example "5 updates".
	Notes []string `json:"notes"`
	// Fault is the fault it has now, by name.
	Fault string `json:"fault"`
}

// MachineFault is one way in which a machine can fail.
type MachineFault struct {
	Name  string `json:"name"`
	Label string `json:"label"` // what the person reads
}

// pageAside is the part of an Aside that does not change.
type pageAside struct {
	Roles  map[string]string `json:"roles"`
	Steps  []Suggestion      `json:"steps"`
	More   []Suggestion      `json:"more"`
	Faults []MachineFault    `json:"faults"`
}

func (s *Server) pageAside() *pageAside {
	a := s.cfg.Aside
	if a == nil {
		return nil
	}
	return &pageAside{Roles: a.Roles, Steps: some(a.Steps), More: some(a.More), Faults: some(a.Faults)}
}

// some is a list that is [] in JSON when it is empty.
func some[T any](list []T) []T { return append([]T{}, list...) }

// machines asks the demo; nil if there is none.
func (s *Server) machines() []Machine {
	if s.cfg.Aside == nil || s.cfg.Aside.Machines == nil {
		return nil
	}
	return s.cfg.Aside.Machines()
}

func (s *Server) breakMachine(machine, fault string) error {
	if s.cfg.Aside == nil || s.cfg.Aside.Break == nil {
		return errors.New("there are no machines to break")
	}
	return s.cfg.Aside.Break(machine, fault)
}
