package store_test

import (
	"testing"

	"drover/store"
)

func TestAnActorIsOfSlackOrLocalOrNeither(t *testing.T) {
	type parts struct {
		team, user string
		slack      bool
		local      bool
	}
	for actor, want := range map[store.Actor]parts{
		store.SlackActor("T1", "U1"):   {"T1", "U1", true, false},
		store.LocalActor("root"):       {"", "", false, true},
		store.LocalActor("corp/alice"): {"", "", false, true}, // a slash makes no Slack user of a login
		store.LocalActor("T1/U1"):      {"", "", false, true},
		store.Drover:                   {"drover", "", false, false},
		store.Actor(""):                {"", "", false, false},
	} {
		var got parts
		got.team, got.user, got.slack = actor.Slack()
		got.local = actor.Local()
		if got != want {
			t.Errorf("%q is %+v, want %+v", actor, got, want)
		}
	}
	if login := store.LocalActor("corp/alice").Login(); login != "corp/alice" {
		t.Errorf("the login is %q", login)
	}
}
