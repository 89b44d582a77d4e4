package main

import (
	"fmt"
	"slices"
	"strings"

	"drover/store"
)

// summary is a new server in one line.
func summary(s store.Server) string {
	text := fmt.Sprintf("%s@%s:%d", s.LoginUser, s.Address, s.Port)
	if s.Platform != "linux" {
		text += " " + s.Platform
	}
	for _, tag := range s.Tags {
		text += " tag:" + tag
	}
	text += via(s)
	if s.Credential == "" {
		return text + "  (without a credential)"
	}
	return text + "  with " + s.Credential
}

// difference lists what changes about a server that is there.
func difference(before, after store.Server) []string {
	var list []string
	differ := func(what, a, b string) {
		if a != b {
			list = append(list, fmt.Sprintf("%s %s → %s", what, orNone(a), orNone(b)))
		}
	}
	differ("address", before.Address, after.Address)
	differ("port", fmt.Sprint(before.Port), fmt.Sprint(after.Port))
	if len(list) > 0 && len(before.HostKeys) > 0 {
		list = append(list, "its pinned host keys are dropped")
	}
	differ("user", before.LoginUser, after.LoginUser)
	differ("credential", before.Credential, after.Credential)
	differ("jump", before.Jump, after.Jump)
	differ("platform", before.Platform, after.Platform)
	differ("tags", sortedTags(before), sortedTags(after))
	differ("note", before.Note, after.Note)
	return list
}

func sortedTags(s store.Server) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(s.Tags))), " ")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return fmt.Sprintf("%.60q", text)
}
