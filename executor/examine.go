package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"drover/executor/action"
	"drover/store"
)

// What is little free disk: below the first, drover may soon be unable to record a run; below the second, it is.
const (
	lowDisk  = 1 << 30
	fullDisk = 100 << 20
)

// ExamineStore checks a database that store.Inspect has opened, and its key file. usable says whether what is in it can
// be read on: whether its schema is the one of this drover, and its key is there.
func ExamineStore(ctx context.Context, s *store.Store) (list []Finding, usable bool) {
	f := findings{subject: "database"}
	current := examineSchema(ctx, s, &f)
	examineFile(ctx, s, &f)
	examineDisk(s, &f)
	if !current {
		return f.list, false
	}
	if err := s.LoadKey(ctx); err != nil {
		f.add("key", Wrong, err.Error())
		return f.list, false
	}
	f.add("key", Fine, fmt.Sprintf("%s belongs to this database and only its owner can read it; keep a copy of both", s.KeyFile()))
	examineAudit(ctx, s, &f)
	return f.list, true
}

func examineSchema(ctx context.Context, s *store.Store, f *findings) (current bool) {
	version, newest, err := s.Schema(ctx)
	switch {
	case err != nil:
		f.add("schema", Wrong, fmt.Sprintf("%s is not a database of drover's: %v", s.Path(), err))
	case version > newest:
		f.add("schema", Wrong, store.ErrNewerSchema.Error())
	case version < newest:
		f.add("schema", Worth, fmt.Sprintf("version %d, and this drover's is %d: every other command brings it up to date. Make a copy first, "+
			"then run the doctor again for the rest", version, newest))
	default:
		f.add("schema", Fine, fmt.Sprintf("version %d", version))
		return true
	}
	return false
}

func examineFile(ctx context.Context, s *store.Store, f *findings) {
	damage, err := s.QuickCheck(ctx)
	switch {
	case err != nil:
		f.add("file", Wrong, fmt.Sprintf("%v: restore a backup", err))
	case len(damage) > 0:
		f.add("file", Wrong, "SQLite finds it damaged: stop drover and restore a backup", damage...)
	default:
		f.add("file", Fine, fmt.Sprintf("SQLite finds no damage in %s", s.Path()))
	}
}

func examineDisk(s *store.Store, f *findings) {
	free, err := s.FreeDisk()
	if err != nil {
		f.add("disk", Worth, err.Error())
		return
	}
	text := humanize.IBytes(free) + " free"
	switch {
	case free < fullDisk:
		f.add("disk", Wrong, text+": make room, or drover cannot record what it does and does nothing")
	case free < lowDisk:
		f.add("disk", Worth, text+": make room soon")
	default:
		f.add("disk", Fine, text)
	}
}

func examineAudit(ctx context.Context, s *store.Store, f *findings) {
	verdict, err := s.VerifyAudit(ctx)
	switch {
	case err != nil:
		f.add("audit", Wrong, err.Error())
	case verdict.Fault != nil:
		f.add("audit", Wrong, TellVerdict(verdict)+" Compare it with a backup, and with the anchors in Slack", verdict.Notes...)
	case len(verdict.Notes) > 0:
		f.add("audit", Worth, TellVerdict(verdict), verdict.Notes...)
	default:
		f.add("audit", Fine, TellVerdict(verdict))
	}
}

// ExamineUsers checks that somebody can manage drover from Slack, that no action waits for people who are not there, and
// that drover knows who is in the usergroups that bindings are about.
func ExamineUsers(ctx context.Context, s *store.Store) ([]Finding, error) {
	f := findings{subject: "users"}
	admins, err := Admins(ctx, s)
	switch {
	case err != nil:
		return nil, err
	case len(admins) == 0:
		f.add("admin", Wrong, NoAdmin)
	default:
		f.add("admin", Fine, "somebody is admin")
	}
	stuck, err := (&Engine{store: s}).unapprovable(ctx)
	if err != nil {
		return nil, err
	}
	if len(stuck) > 0 {
		f.add("approvals", Worth, fmt.Sprintf("too few people may approve %s, so nobody can run them: let somebody with `drover user grant U… approver`", strings.Join(stuck, " ")))
	} else {
		f.add("approvals", Fine, "enough people may approve what needs approval")
	}
	err = examineGroups(ctx, s, &f)
	return f.list, err
}

// ExamineActions looks for actions of the whitelist that cannot be read, or that would not be accepted any more: what
// drover takes for code in a script has grown since.
func ExamineActions(ctx context.Context, s *store.Store) ([]Finding, error) {
	f := findings{subject: "actions"}
	entries, err := s.Actions(ctx)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if _, err := Definition(entry); err != nil {
			f.add(entry.Name, Wrong, fmt.Sprintf("it cannot be read, so nobody can run it: `drover action edit` or `remove` it. %v", err))
		} else if _, err := action.Parse([]byte(entry.YAML)); err != nil {
			f.add(entry.Name, Worth, fmt.Sprintf("it would not be accepted any more: `drover action edit` it. %v", err))
		}
	}
	if len(f.list) == 0 && len(entries) > 0 {
		f.add("whitelist", Fine, fmt.Sprintf("%d actions", len(entries)))
	}
	return f.list, nil
}

func examineGroups(ctx context.Context, s *store.Store, f *findings) error {
	bindings, err := s.Bindings(ctx, "")
	if err != nil {
		return err
	}
	groups, err := s.Usergroups(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, b := range bindings {
		id, ok := b.Subject.Group()
		if !ok || seen[id] || b.Over(s.Now()) {
			continue
		}
		seen[id] = true
		at := slices.IndexFunc(groups, func(g store.Usergroup) bool { return g.ID == id })
		switch {
		case at < 0, groups[at].State == store.GroupUnknown:
			f.add("usergroup", Worth, fmt.Sprintf("drover does not know who is in %s: it gives nothing, and a deny is for everybody. A living serve asks Slack, "+
				"for which it needs the scope usergroups:read", b.Subject))
		case groups[at].State == store.GroupGone:
			f.add("usergroup", Worth, fmt.Sprintf("Slack has %s (@%s) no more: it gives nothing, and its denies go on for those who were in it. Revoke what it was given",
				b.Subject, groups[at].Name))
		}
	}
	return nil
}

// chosen are the servers with these names, or all.
func chosen(all []store.Server, names []string) ([]store.Server, error) {
	if len(names) == 0 {
		return all, nil
	}
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = strings.ToLower(name)
	}
	return selectServers(words, all)
}
