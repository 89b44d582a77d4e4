package executor

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// whatChanged says in what a plan of now differs from the one that was asked for, as far as it is about the same
// servers, or "". A setting comes before the servers: it changes the command of each.
func whatChanged(then, now *Plan) string {
	if text := changedParameter(then, now); text != "" {
		return text
	}
	for _, e := range now.Excluded {
		return fmt.Sprintf("%s cannot take part any more: %s", e.Server, e.Reason)
	}
	for _, t := range now.Targets {
		at := slices.IndexFunc(then.Targets, func(was PlanTarget) bool { return was.ServerID == t.ServerID })
		if at < 0 {
			return t.Server + " was not part of this run when it was asked for"
		}
		if fields := changedFields(then.Targets[at], t); len(fields) > 0 {
			return fmt.Sprintf("%s was changed since this run was asked for: %s", t.Server, strings.Join(fields, ", "))
		}
	}
	return ""
}

func changedParameter(then, now *Plan) string {
	for _, name := range slices.Sorted(maps.Keys(now.Params)) {
		was, is := then.Params[name], now.Params[name]
		if was == is {
			continue
		}
		what := fmt.Sprintf("`%s` of `%s`", name, now.Action)
		if p, ok := now.definition.Parameter(name); ok && p.Setting != "" {
			what = fmt.Sprintf("the setting `%s`", p.Setting)
		}
		return fmt.Sprintf("%s was changed since this run was asked for: %s → %s", what, orNone(was), orNone(is))
	}
	return ""
}

// changedFields are what somebody has changed about a server, each with what it was and is, if that says something. Its
// turn is no such thing.
func changedFields(was, is PlanTarget) []string {
	var list []string
	differs := func(what, before, after string) {
		if before != after {
			list = append(list, fmt.Sprintf("%s %s → %s", what, orNone(before), orNone(after)))
		}
	}
	differs("name", was.Server, is.Server)
	differs("address", was.Address, is.Address)
	differs("port", strconv.Itoa(was.Port), strconv.Itoa(is.Port))
	differs("login user", was.User, is.User)
	differs("platform", was.Platform, is.Platform)
	differs("jump host", was.Jump.name(), is.Jump.name())
	if was.CredentialID != is.CredentialID {
		list = append(list, "another credential")
	}
	if !slices.Equal(was.HostKeys, is.HostKeys) {
		list = append(list, "other trusted host keys")
	}
	if was.Jump.name() == is.Jump.name() && !reflect.DeepEqual(was.Jump, is.Jump) {
		list = append(list, "the way through its jump host "+is.Jump.name())
	}
	if len(list) == 0 && was.Command != is.Command {
		list = append(list, "another command")
	}
	return list
}

// name is the jump host's, or "" when there is none.
func (j *Jump) name() string {
	if j == nil {
		return ""
	}
	return j.Server
}
