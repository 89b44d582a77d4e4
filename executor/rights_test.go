package executor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

// What a role gives, and what it takes when it is denied: a line for each role, a column for each thing that somebody
// may do. This is the whole of it.
//
//	look  change  configure  approve  break the glass
const (
	rightsGiven = `
	viewer      yes   -       -          -        -
	operator    yes   yes     -          -        -
	admin       yes   yes     yes        -        -
	approver    -     -       -          yes      -
	breakglass  -     -       -          -        yes`
	rightsTaken = `
	viewer      yes   yes     yes        yes      yes
	operator    -     yes     yes        -        -
	admin       -     -       yes        -        -
	approver    -     -       -          yes      -
	breakglass  -     -       -          -        yes`
)

// deeds are the columns: the role that each asks for.
var deeds = []store.Role{store.Viewer, store.Operator, store.Admin, store.Approver, store.Breakglass}

// readRights reads one of the tables: by role, what it is about.
func readRights(t *testing.T, table string) map[store.Role]map[store.Role]bool {
	t.Helper()
	all := map[store.Role]map[store.Role]bool{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		words := strings.Fields(line)
		if len(words) != 1+len(deeds) {
			t.Fatalf("%q has not %d columns", line, len(deeds))
		}
		all[store.Role(words[0])] = map[store.Role]bool{}
		for i, deed := range deeds {
			all[store.Role(words[0])][deed] = words[i+1] == "yes"
		}
	}
	return all
}

// TestEveryCombinationOfRights goes through all of them: what is done × the role that is given × its actions × its tag ×
// its end × to whom × the role that is denied × its actions × its tag × its end × to whom × for an approval, whose run it
// is and who edited the action. Who is refused whatever they were given is in TestMayRun.
func TestEveryCombinationOfRights(t *testing.T) {
	given, taken := readRights(t, rightsGiven), readRights(t, rightsTaken)
	now := store.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	tomorrow, yesterday := now.Add(24*time.Hour), now.Add(-24*time.Hour)
	server := store.Server{Name: "web1", Tags: []string{"web", "prod"}}

	type about struct { // one part of a binding, and whether it is about what is done, when it is given and when it is denied
		value       string
		gives, bars bool
	}
	actions := []about{{"*", true, true}, {"re*", true, true}, {"reboot", true, true}, {"update", false, false}, {"[a-", false, true}}
	tags := []about{{"", true, true}, {"prod", true, true}, {"db", false, false}}
	subjects := []about{
		{"T1/U1", true, true}, {"T1/U2", false, false}, {"T2/U1", false, false},
		{"group:in", true, true}, {"group:out", false, false}, {"group:gone", false, true}, {"group:left", false, false},
		{"group:unknown", false, true}, {"group:unheard", false, true},
	}
	ends := []struct {
		until  *store.Time
		counts bool
	}{{nil, true}, {&tomorrow, true}, {&yesterday, false}, {&now, false}}
	memberships := []store.Membership{
		{GroupID: "in", State: store.GroupKnown, Member: true}, {GroupID: "out", State: store.GroupKnown},
		{GroupID: "gone", State: store.GroupGone, Member: true}, {GroupID: "left", State: store.GroupGone},
		{GroupID: "unknown", State: store.GroupUnknown, Member: true}, // it was, when Slack told last
	}
	type binding struct {
		store.Binding
		about bool
	}
	all := func(effect store.Effect) (list []binding) {
		for _, role := range deeds {
			for _, action := range actions {
				for _, tag := range tags {
					for _, subject := range subjects {
						for _, end := range ends {
							b := store.Binding{Subject: store.Actor(subject.value), Role: role, ActionGlob: action.value, Tag: tag.value, Effect: effect, Until: end.until}
							is := action.gives && tag.gives && subject.gives && end.counts
							if effect == store.Deny {
								is = action.bars && tag.bars && subject.bars && end.counts
							}
							list = append(list, binding{b, is})
						}
					}
				}
			}
		}
		return list
	}
	denies := append(all(store.Deny), binding{store.Binding{Subject: "T1/U9", Role: store.Viewer, Effect: store.Deny}, false}) // as good as none
	combinations := 0
	for _, allow := range all(store.Allow) {
		for i, deny := range denies {
			if !allow.about && i > 0 {
				continue // there is nothing to take
			}
			rights := executor.RightsFrom("T1/U1", []store.Binding{allow.Binding, deny.Binding}, memberships, now)
			for _, deed := range deeds {
				combinations++
				want := allow.about && given[allow.Role][deed] && !(deny.about && taken[deny.Role][deed])
				if got, why := rights.MayRun(deed, "reboot", server); got != want || got != (why == "") {
					t.Fatalf("%s for reboot on %v: %v (%s), want %v, with\n%+v\n%+v", deed, server.Tags, got, why, want, allow.Binding, deny.Binding)
				}
			}
			for _, who := range []struct {
				by, editor store.Actor
				self       bool // self-approval is on
				may        bool
			}{
				{"T1/U2", "T1/U3", false, true}, {"T1/U1", "T1/U3", false, false}, {"T1/U2", "T1/U1", false, false}, {"T1/U1", "T1/U1", false, false},
				{"T1/U1", "T1/U1", true, true}, {"T2/U1", "local:U1", false, true},
			} {
				combinations++
				want := who.may && allow.about && allow.Role == store.Approver && !(deny.about && taken[deny.Role][store.Approver])
				if why := rights.WhyNotApprove("reboot", []store.Server{server}, who.by, who.editor, who.self); (why == "") != want {
					t.Fatalf("approve %+v: %q, want %v, with\n%+v\n%+v", who, why, want, allow.Binding, deny.Binding)
				}
			}
		}
	}
	if combinations < 1_000_000 {
		t.Errorf("there were only %d combinations", combinations)
	}
}

// Two bindings are as strong as the stronger, and no deny is lost among allows, in whatever order they were made.
func TestTheOrderOfBindingsIsNoMatter(t *testing.T) {
	allow := func(role store.Role) store.Binding {
		return store.Binding{Subject: "T1/U1", Role: role, ActionGlob: "*", Effect: store.Allow}
	}
	deny := allow(store.Operator)
	deny.Effect = store.Deny
	for _, order := range [][]store.Binding{
		{deny, allow(store.Viewer), allow(store.Admin)}, {allow(store.Viewer), deny, allow(store.Admin)}, {allow(store.Admin), allow(store.Viewer), deny},
	} {
		rights := executor.RightsFrom("T1/U1", order, nil, store.Time{})
		may, _ := rights.MayRun(store.Operator, "reboot", store.Server{})
		looks, _ := rights.MayRun(store.Viewer, "status", store.Server{})
		if may || !looks {
			t.Errorf("%+v: changes %v, looks %v", order, may, looks)
		}
		slices.Reverse(order)
		if may, _ := executor.RightsFrom("T1/U1", order, nil, store.Time{}).MayRun(store.Operator, "reboot", store.Server{}); may {
			t.Errorf("%s: it may", fmt.Sprint(order))
		}
	}
}
