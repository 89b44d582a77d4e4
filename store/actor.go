package store

import "strings"

// Actor is who did something: a Slack user ("T1/U1"), a login on drover's own host ("local:root"), or drover itself. What
// a binding is about may also be a usergroup ("group:S1").
type Actor string

// Drover is the actor of what drover does by itself, such as marking an abandoned run.
const Drover Actor = "drover"

const (
	localPrefix = "local:"
	groupPrefix = "group:"
)

// SlackActor is a Slack user. Both ids together are the identity; names are not.
func SlackActor(team, user string) Actor { return Actor(team + "/" + user) }

// LocalActor is a login on drover's own host.
func LocalActor(login string) Actor { return Actor(localPrefix + login) }

// GroupActor is everybody in a Slack usergroup. It is what a binding can be about, and does nothing itself.
func GroupActor(id string) Actor { return Actor(groupPrefix + id) }

// Group returns the id of a usergroup.
func (a Actor) Group() (id string, ok bool) { return strings.CutPrefix(string(a), groupPrefix) }

// Slack returns the team and user id of a Slack user.
func (a Actor) Slack() (team, user string, ok bool) {
	if _, group := a.Group(); group || a.Local() {
		return "", "", false
	}
	return strings.Cut(string(a), "/")
}

// Local says whether the actor sits at drover's own host.
func (a Actor) Local() bool { return strings.HasPrefix(string(a), localPrefix) }

// Login is the login of a local actor.
func (a Actor) Login() string { return strings.TrimPrefix(string(a), localPrefix) }
