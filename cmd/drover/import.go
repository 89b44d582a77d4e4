package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drover/cmd/drover/roster"
	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

// importFlags say what to read, and what to put where a file says nothing.
type importFlags struct {
	sshConfig, csv, knownHosts string
	user, credential           string
	apply                      bool
}

func (c *cli) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import --ssh-config FILE | --csv FILE | --known-hosts FILE",
		Short: "Take over servers, or their host keys, from files of other tools",
		Long: "Show what a file would add or change, and line by line what cannot be carried over and why. Nothing is changed without --apply.\n" +
			"A CSV table names its columns in the first line: name,address,port,user,credential,platform,tags,note,jump.\n" +
			"From known_hosts the keys of servers that are there are pinned; pins that a server has already are never replaced.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&f.sshConfig, "ssh-config", "", "a configuration of the ssh client")
	cmd.Flags().StringVar(&f.csv, "csv", "", "a table with a header")
	cmd.Flags().StringVar(&f.knownHosts, "known-hosts", "", "host keys that the ssh client has come to know")
	cmd.Flags().StringVar(&f.user, "user", "root", "login user of new servers for which the file names none")
	cmd.Flags().StringVar(&f.credential, "credential", "", "credential of new servers for which the file names none")
	cmd.Flags().BoolVar(&f.apply, "apply", false, "do it")
	atMostOne(cmd, "ssh-config", "csv", "known-hosts")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		entries, left, text, err := f.read()
		if err != nil {
			return err
		}
		return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
			p := intake{cli: c, store: s, actor: actor, flags: f, left: left}
			if f.knownHosts != "" {
				return p.pins(cmd.Context(), text)
			}
			return p.servers(cmd.Context(), entries)
		})
	}
	return cmd
}

// read reads the one file that is named.
func (f importFlags) read() (entries []roster.Entry, left []roster.Left, text []byte, err error) {
	name := f.sshConfig + f.csv + f.knownHosts // one of them at most
	if name == "" {
		return nil, nil, nil, usage("say what to read: --ssh-config FILE, --csv FILE or --known-hosts FILE")
	}
	if text, err = os.ReadFile(name); err != nil {
		return nil, nil, nil, usage("cannot read what to import: %w", err)
	}
	switch {
	case f.csv != "":
		entries, left, err = roster.CSV(text)
	case f.sshConfig != "":
		entries, left, err = roster.SSHConfig(text)
	}
	if err != nil {
		return nil, nil, nil, usage("%s: %w", name, err)
	}
	return entries, left, text, nil
}

// intake is one import: what the file says beside what the store has.
type intake struct {
	cli   *cli
	store *store.Store
	actor store.Actor
	flags importFlags
	left  []roster.Left

	added, changed, same int
	kept                 map[string]store.Server // as they are after this import, by name
	rest                 []roster.Entry          // what is not yet taken over
}

func (p *intake) leave(line int, format string, args ...any) {
	p.left = append(p.left, roster.Left{Line: line, Text: fmt.Sprintf(format, args...)})
}

func (p *intake) say(sign, format string, args ...any) {
	fmt.Fprintf(p.cli.out, sign+" "+format+"\n", args...)
}

// servers adds and changes servers, each in a transaction of its own: broken off, it can simply be run again.
func (p *intake) servers(ctx context.Context, entries []roster.Entry) error {
	p.kept = map[string]store.Server{}
	for p.rest = jumpsFirst(entries); len(p.rest) > 0; p.rest = p.rest[1:] {
		e := p.rest[0]
		if !executor.NamePattern.MatchString(e.Name) { // before the look-up, which takes Web1 for web1
			p.leave(e.Line, "the server %q: %v", e.Name, badName(e.Name))
			continue
		}
		before, err := p.store.ServerNamed(ctx, e.Name)
		isNew := errors.Is(err, store.ErrNotFound)
		if err != nil && !isNew {
			return err
		}
		after, err := p.merge(ctx, e, before, isNew)
		if bad := (usageError{}); errors.As(err, &bad) {
			p.leave(e.Line, "the server %q: %v", e.Name, err)
			continue
		}
		if err != nil {
			return err
		}
		if err := p.jump(ctx, e, &after); err != nil {
			return err
		}
		if err := p.keep(ctx, before, after, isNew); err != nil {
			return err
		}
		p.kept[after.Name] = after
	}
	return p.sum("server", "to add", "to change", "as it is")
}

// merge puts what the file says into a server. What it does not say stays as it is.
func (p *intake) merge(ctx context.Context, e roster.Entry, server store.Server, isNew bool) (store.Server, error) {
	credential := e.Credential
	if isNew {
		server = store.Server{Name: e.Name, Address: p.byName(e), Port: 22, LoginUser: p.flags.user, Platform: string(action.Linux), Tags: []string{}}
		if credential == "" {
			credential = p.flags.credential
		}
	}
	set := func(field *string, value string) {
		if value != "" {
			*field = value
		}
	}
	set(&server.Address, e.Address)
	set(&server.LoginUser, e.User)
	set(&server.Platform, e.Platform)
	set(&server.Note, e.Note)
	if e.Port != 0 {
		server.Port = e.Port
	}
	if e.Tags != nil {
		server.Tags = e.Tags
	}
	if credential != "" {
		if err := (&serverFlags{credential: credential}).findCredential(ctx, p.store, &server); err != nil {
			return server, err
		}
	}
	return server, checkServer(server)
}

// byName is the address of a new server of which the file gives none: ssh takes the name itself.
func (p *intake) byName(e roster.Entry) string {
	if p.flags.sshConfig != "" {
		return e.Name
	}
	return ""
}

// keep shows one server and, when asked to, keeps it.
func (p *intake) keep(ctx context.Context, before, after store.Server, isNew bool) error {
	if isNew {
		p.added++
		p.say("+", "%s  %s", after.Name, summary(after))
		if !p.flags.apply {
			return nil
		}
		return p.store.AddServer(ctx, p.actor, after)
	}
	differences := difference(before, after)
	if len(differences) == 0 {
		p.same++
		p.say("=", "%s", after.Name)
		return nil
	}
	p.changed++
	p.say("~", "%s  %s", after.Name, strings.Join(differences, "; "))
	if !p.flags.apply {
		return nil
	}
	return p.store.EditServer(ctx, p.actor, after)
}

// sum ends with what cannot be carried over and how much there was of everything.
func (p *intake) sum(what, added, changed, same string) error {
	slices.SortStableFunc(p.left, func(a, b roster.Left) int { return a.Line - b.Line })
	for _, l := range p.left {
		p.say("-", "line %d: %s", l.Line, l.Text)
	}
	fmt.Fprintf(p.cli.out, "\n%ss: %d %s, %d %s, %d %s; %d things in the file cannot be carried over.\n",
		strings.ToUpper(what[:1])+what[1:], p.added, added, p.changed, changed, p.same, same, len(p.left))
	switch {
	case p.flags.apply && what == "server" && p.added > 0:
		fmt.Fprintln(p.cli.out, "Done. Next: `drover import --known-hosts FILE` or `drover server trust NAME`, then `drover doctor`.")
	case p.flags.apply:
		fmt.Fprintln(p.cli.out, "Done.")
	case p.added > 0 || what == "server" && p.changed > 0:
		fmt.Fprintln(p.cli.out, "Nothing was changed. Do it with --apply.")
	}
	return nil
}
