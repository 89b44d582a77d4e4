package executor_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/store"
)

// TestMayRun is the table of rights: who, with which bindings, may run what where.
func TestMayRun(t *testing.T) {
	w := newWorld(t)
	const (
		operator, viewer = store.Operator, store.Viewer // what the action asks for
		yes, norole      = "", "it needs the role"
	)
	for i, c := range []struct {
		who      string // member, or what Slack says of them
		bindings string
		needs    store.Role
		action   string
		tags     string // of the server
		why      string // what the refusal says; yes: allowed
	}{
		// Roles: viewer < operator < admin; the other two stand alone.
		{"member", "", viewer, "status", "", norole + " viewer"},
		{"member", "allow viewer *", viewer, "status", "", yes},
		{"member", "allow viewer *", operator, "update", "", norole + " operator"},
		{"member", "allow operator *", viewer, "status", "", yes},
		{"member", "allow operator *", operator, "update", "", yes},
		{"member", "allow admin *", operator, "update", "", yes},
		{"member", "allow approver *", viewer, "status", "", norole},
		{"member", "allow breakglass *; allow approver *", operator, "update", "", norole},

		// Globs of actions.
		{"member", "allow operator restart-*", operator, "restart-service", "", yes},
		{"member", "allow operator restart-*", operator, "update", "", norole},
		{"member", "allow operator update", operator, "update", "", yes},
		{"member", "allow operator update", operator, "updates", "", norole},
		{"member", "allow operator [a-", operator, "update", "", norole},

		// Tags of servers.
		{"member", "allow operator * prod", operator, "update", "prod", yes},
		{"member", "allow operator * prod", operator, "update", "edge prod", yes},
		{"member", "allow operator * prod", operator, "update", "test", norole},
		{"member", "allow operator * prod", operator, "update", "", norole},
		{"member", "allow viewer *; allow operator update test", operator, "update", "test", yes},
		{"member", "allow viewer *; allow operator update test", operator, "update", "prod", norole},

		// A deny wins over every allow, and over nothing that it does not cover.
		{"member", "allow operator *; deny operator *", operator, "update", "", "a deny binding forbids it"},
		{"member", "deny operator *; allow admin *", operator, "update", "", "a deny binding forbids it"},
		{"member", "allow operator *; deny operator update", operator, "update", "", "a deny binding for `update` forbids it"},
		{"member", "allow operator *; deny operator update", operator, "restart-service", "", yes},
		{"member", "allow operator *; deny operator * prod", operator, "update", "prod", "a deny binding on `tag:prod` forbids it"},
		{"member", "allow operator *; deny operator * prod", operator, "update", "test", yes},
		{"member", "allow operator *; deny operator up* prod", operator, "update", "prod", "for `up*` on `tag:prod`"},
		{"member", "allow operator *; deny operator *", viewer, "status", "", yes}, // looking stays allowed
		{"member", "allow operator *; deny viewer *", viewer, "status", "", "a deny binding"},
		{"member", "allow operator *; deny viewer *", operator, "update", "", "a deny binding"},
		{"member", "allow operator *; deny admin *", operator, "update", "", yes},
		{"member", "allow operator *; deny approver *", operator, "update", "", yes},
		{"member", "allow approver *; deny viewer *", store.Approver, "update", "", "a deny binding"},
		{"member", "allow approver *; deny operator *", store.Approver, "update", "", yes},
		{"member", "allow approver *; deny approver * prod", store.Approver, "update", "prod", "on `tag:prod`"},
		{"member", "allow admin *", store.Approver, "update", "", norole + " approver"},
		{"member", "allow admin *", store.Breakglass, "update", "", norole + " breakglass"},
		{"member", "allow breakglass * prod", store.Breakglass, "update", "prod", yes},
		{"member", "allow breakglass * prod", store.Breakglass, "update", "test", norole},
		{"member", "deny operator *", viewer, "status", "", norole},
		{"member", "allow admin *; deny operator [a-", operator, "update", "", "a deny binding"}, // unreadable: rather too much

		// What has ended counts for nothing, be it given or denied.
		{"member", "allow operator * until tomorrow", operator, "update", "", yes},
		{"member", "allow operator * until yesterday", operator, "update", "", norole},
		{"member", "allow viewer *; allow operator * prod until yesterday", viewer, "status", "prod", yes},
		{"member", "allow operator *; deny operator * until tomorrow", operator, "update", "", "a deny binding"},
		{"member", "allow operator *; deny operator * until yesterday", operator, "update", "", yes},

		// Usergroups: Slack's word is needed for what they give. Without it a deny is for everybody.
		{"member", "group allow operator *; in known", operator, "update", "", yes},
		{"member", "group allow operator * prod; in known", operator, "update", "test", norole},
		{"member", "group allow operator * until yesterday; in known", operator, "update", "", norole},
		{"member", "group allow operator *; out known", operator, "update", "", norole},
		{"member", "group allow operator *", operator, "update", "", norole}, // Slack has never told
		{"member", "group allow operator *; in unknown", operator, "update", "", norole},
		{"member", "group allow operator *; in gone", operator, "update", "", norole},
		{"member", "allow operator *; group deny operator *; in known", operator, "update", "", "a deny binding forbids it"},
		{"member", "allow operator *; group deny operator *; out known", operator, "update", "", yes},
		{"member", "allow operator *; group deny operator * prod; out unknown", operator, "update", "prod", "drover cannot tell who is in it"},
		{"member", "allow operator *; group deny operator * prod; out unknown", operator, "update", "test", yes},
		{"member", "allow operator *; group deny operator * prod", operator, "update", "prod", "drover cannot tell who is in it"},
		{"member", "allow operator *; group deny operator *; in gone", operator, "update", "", "a deny binding forbids it"},
		{"member", "allow operator *; group deny operator *; out gone", operator, "update", "", yes},
		{"guest", "group allow admin *; in known", viewer, "status", "", "guests"},
		{"other team", "group allow admin *; in known", viewer, "status", "", "another Slack workspace"},
		{"local", "group deny viewer *", operator, "update", "", yes},

		// Identity comes before every binding.
		{"unknown", "allow admin *", viewer, "status", "", "drover could not ask Slack who you are"},
		{"guest", "allow admin *", viewer, "status", "", "guests"},
		{"stranger", "allow admin *", viewer, "status", "", "other organisations"},
		{"bot", "allow admin *", viewer, "status", "", "bots"},
		{"deactivated", "allow admin *", viewer, "status", "", "deactivated"},
		{"other team", "allow admin *", viewer, "status", "", "another Slack workspace"},
		{"whole organisation", "allow admin *", viewer, "status", "", "another Slack workspace"},
		{"W id", "allow viewer *", viewer, "status", "", yes}, // the first letter says nothing
		{"drover", "allow admin *", viewer, "status", "", "nobody that drover can tell apart"},
		{"no one", "", viewer, "status", "", "nobody that drover can tell apart"},
		{"local", "", operator, "update", "prod", yes},
		{"local", "deny viewer *", operator, "update", "prod", yes},
	} {
		name := fmt.Sprintf("%s: %s may run %s (%s) on %q", c.who, c.bindings, c.action, c.needs, c.tags)
		t.Run(name, func(t *testing.T) {
			actor, group := w.person(c.who, i), store.GroupActor(fmt.Sprintf("S%d", i))
			defer w.dissolve(group) // what nobody knows who is in it would be about the others of the table too
			for binding := range strings.SplitSeq(c.bindings, ";") {
				w.arrange(actor, group, strings.TrimSpace(binding))
			}
			why := w.mayRun(actor, c.needs, c.action, store.Server{Name: "web1", Tags: strings.Fields(c.tags)})
			if (why == "") != (c.why == yes) || !strings.Contains(why, c.why) {
				t.Fatalf("got %q, want %q", why, c.why)
			}
		})
	}
}

// arrange does what one part of a row of the table says: it grants a binding to somebody, or to a usergroup of theirs,
// or lets Slack say that they are in or out of the group, and how well that is known.
func (w *world) arrange(actor, group store.Actor, part string) {
	w.Helper()
	words := strings.Fields(part)
	switch {
	case part == "":
	case words[0] == "group":
		w.grant(group, strings.Join(words[1:], " "))
	case words[0] == "in", words[0] == "out":
		w.gather(group, actor, words[0] == "in", store.GroupState(words[1]))
	default:
		w.grant(actor, part)
	}
}

// dissolve takes everything from a usergroup.
func (w *world) dissolve(group store.Actor) {
	w.Helper()
	bindings, err := w.store.Bindings(w.Context(), group)
	w.must(err)
	for _, b := range bindings {
		w.revoke(group, b.Role)
	}
}

// gather lets Slack say who is in a usergroup: first for certain, then what became of that.
func (w *world) gather(group, actor store.Actor, in bool, state store.GroupState) {
	w.Helper()
	id, _ := group.Group()
	members := []string{"UOTHER"}
	if _, user, ok := actor.Slack(); in && ok {
		members = append(members, user)
	}
	now := w.store.Now()
	w.must(w.store.SaveUsergroup(w.Context(), store.Usergroup{ID: id, State: store.GroupKnown, CheckedAt: now, Members: members}))
	w.must(w.store.SaveUsergroup(w.Context(), store.Usergroup{ID: id, State: state, CheckedAt: now, Members: members}))
}

// mayRun is why not, or "".
func (w *world) mayRun(actor store.Actor, role store.Role, action string, server store.Server) string {
	rights, err := w.engine.Rights(w.Context(), actor)
	if err != nil {
		return refused(w.T, err).Text
	}
	allowed, why := rights.MayRun(role, action, server)
	if allowed != (why == "") {
		w.Errorf("allowed %v because %q", allowed, why)
	}
	return why
}

// person makes somebody new of a kind.
func (w *world) person(kind string, number int) store.Actor {
	who := store.SlackActor("T1", fmt.Sprintf("U%d", number))
	switch kind {
	case "unknown":
	case "other team":
		who = store.SlackActor("T2", fmt.Sprintf("U%d", number))
		w.meet(who, store.User{})
	case "whole organisation":
		who = store.SlackActor("E1", fmt.Sprintf("U%d", number))
		w.meet(who, store.User{})
	case "W id":
		who = store.SlackActor("T1", fmt.Sprintf("W%d", number))
		w.meet(who, store.User{})
	case "local":
		return store.LocalActor(fmt.Sprintf("login%d", number))
	case "drover":
		return store.Drover
	case "no one":
		return ""
	default:
		w.meet(who, store.User{
			Guest: kind == "guest", Stranger: kind == "stranger", Bot: kind == "bot", Deactivated: kind == "deactivated",
		})
	}
	return who
}

func TestRightsSayWhetherSomebodyHasARoleAtAll(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		bindings string
		any      bool
		operator bool
	}{
		{"", false, false},
		{"deny viewer *", false, false},
		{"allow viewer * prod", true, false},
		{"allow operator restart-*", true, true},
		{"allow admin *", true, true},
		{"allow approver *", true, false},
	} {
		who := w.person("member", i)
		if c.bindings != "" {
			w.grant(who, c.bindings)
		}
		rights, err := w.engine.Rights(t.Context(), who)
		must(t, err)
		if rights.Any() != c.any || rights.Has(store.Operator) != c.operator {
			t.Errorf("%q: any %v, operator %v", c.bindings, rights.Any(), rights.Has(store.Operator))
		}
	}
}
