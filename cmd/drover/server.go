package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

func (c *cli) serverCommand() *cobra.Command {
	return group("server", "The servers that drover looks after",
		c.serverAdd(), c.serverEdit(), c.serverList(), c.serverShow(), c.serverTrust(),
		c.serverDisable(), c.serverEnable(), c.serverRemove())
}

// serverFlags are what add and edit have in common.
type serverFlags struct {
	address, user, credential, platform, note, jump string
	port                                            int
	tags                                            []string
	ownHost                                         bool
}

func (f *serverFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "address", "", "host name or IP address")
	cmd.Flags().IntVar(&f.port, "port", 22, "SSH port")
	cmd.Flags().StringVar(&f.user, "user", "root", "login user")
	cmd.Flags().StringVar(&f.credential, "credential", "", "the credential to log in with")
	cmd.Flags().StringVar(&f.jump, "jump", "", "the server through which this one is reached; empty: none")
	cmd.Flags().StringVar(&f.platform, "platform", string(action.Linux), "linux, routeros or ios")
	cmd.Flags().StringArrayVar(&f.tags, "tag", nil, "a tag; may be given several times")
	cmd.Flags().StringVar(&f.note, "note", "", "a note for people")
	cmd.Flags().BoolVar(&f.ownHost, "own-host", false, "drover itself runs there: it is never restarted or switched off from here")
}

// apply puts the flags that were given into a server, and checks the result.
func (f *serverFlags) apply(ctx context.Context, cmd *cobra.Command, s *store.Store, server *store.Server, all bool) error {
	given := func(name string) bool { return all || cmd.Flags().Changed(name) }
	if given("address") {
		server.Address = f.address
	}
	if given("port") {
		server.Port = f.port
	}
	if given("user") {
		server.LoginUser = f.user
	}
	if given("platform") {
		server.Platform = f.platform
	}
	if given("note") {
		server.Note = f.note
	}
	if given("own-host") {
		server.OwnHost = f.ownHost
	}
	if given("tag") {
		server.Tags = f.tags
	}
	if given("jump") {
		if err := f.findJump(ctx, s, server); err != nil {
			return err
		}
	}
	if given("credential") {
		if err := f.findCredential(ctx, s, server); err != nil {
			return err
		}
	}
	return checkServer(*server)
}

func (f *serverFlags) findCredential(ctx context.Context, s *store.Store, server *store.Server) error {
	server.Credential, server.CredentialID = f.credential, nil
	if f.credential == "" {
		return nil
	}
	found, err := s.CredentialNamed(ctx, f.credential)
	if errors.Is(err, store.ErrNotFound) {
		return usage("there is no credential %q: add it with `drover credential add`", f.credential)
	}
	if err != nil {
		return err
	}
	server.CredentialID = &found.ID
	return nil
}

func (f *serverFlags) findJump(ctx context.Context, s *store.Store, server *store.Server) error {
	server.Jump, server.JumpID = "", nil
	if f.jump == "" {
		return nil
	}
	found, err := s.ServerNamed(ctx, f.jump)
	if errors.Is(err, store.ErrNotFound) {
		return usage("there is no server %q to jump through: add it first", f.jump)
	}
	if err != nil {
		return err
	}
	server.Jump, server.JumpID = found.Name, &found.ID
	return nil
}

func checkServer(s store.Server) error {
	switch {
	case !executor.NamePattern.MatchString(s.Name):
		return badName(s.Name)
	case action.Reserved(s.Name):
		return usage("%q is a word of drover's own: choose another name", s.Name)
	case s.Address == "":
		return usage("say where the server is: --address HOST")
	case strings.ContainsAny(s.Address, " /@'\"\\") || strings.ContainsFunc(s.Address, unicode.IsControl):
		return usage("%q is not an address: give a host name or an IP address with --address", s.Address)
	case s.Port < 1 || s.Port > 65535:
		return usage("%d is not a port: it is a number from 1 to 65535", s.Port)
	case !slices.Contains(action.Platforms(), action.Platform(s.Platform)):
		return usage("%q is not a platform: use linux, routeros or ios", s.Platform)
	case s.LoginUser == "" || strings.Contains(s.LoginUser, " ") || strings.ContainsFunc(s.LoginUser, unicode.IsControl):
		return usage("%q is not a login user", s.LoginUser)
	}
	for _, tag := range s.Tags {
		if !executor.NamePattern.MatchString(tag) {
			return badName(tag)
		}
	}
	return nil
}

func (c *cli) serverAdd() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{Use: "add NAME --address HOST", Short: "Add a server", Args: cobra.ExactArgs(1)}
	flags.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
			server := store.Server{Name: args[0]}
			if err := flags.apply(cmd.Context(), cmd, s, &server, true); err != nil {
				return err
			}
			if err := s.AddServer(cmd.Context(), actor, server); err != nil {
				return fmt.Errorf("server %s: %w", args[0], err)
			}
			fmt.Fprintf(c.out, "Server %s is added. Next: drover server trust %s\n", args[0], args[0])
			return nil
		})
	}
	return cmd
}

func (c *cli) serverEdit() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{Use: "edit NAME", Short: "Change a server; flags that are not given stay as they are", Args: cobra.ExactArgs(1)}
	flags.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
			server, err := s.ServerNamed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			before := server
			if err := flags.apply(cmd.Context(), cmd, s, &server, false); err != nil {
				return err
			}
			if err := s.EditServer(cmd.Context(), actor, server); err != nil {
				return fmt.Errorf("server %s: %w", args[0], err)
			}
			fmt.Fprintf(c.out, "Server %s is changed.\n", args[0])
			if before.Address != server.Address || before.Port != server.Port {
				fmt.Fprintf(c.out, "Its pinned host keys belonged to the old address and are dropped. Next: drover server trust %s\n", args[0])
			}
			return nil
		})
	}
	return cmd
}

func (c *cli) serverList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List servers", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			servers, err := s.Servers(cmd.Context())
			if err != nil {
				return err
			}
			return printList(c.out, asJSON, servers, "NAME\tLOGIN\tPLATFORM\tSYSTEM\tCREDENTIAL\tTAGS\tTRUSTED\tDISABLED", func(s store.Server) string {
				return fmt.Sprintf("%s\t%s@%s:%d%s\t%s\t%s\t%s\t%s\t%s\t%s", s.Name, s.LoginUser, s.Address, s.Port, via(s), s.Platform, seen(s),
					s.Credential, strings.Join(s.Tags, ","), yesNo(len(s.HostKeys) > 0), s.DisabledReason)
			})
		})
	}
	return cmd
}

func via(s store.Server) string {
	if s.Jump == "" {
		return ""
	}
	return " via " + s.Jump
}

// seen is the system that a server said it was, and on which day.
func seen(s store.Server) string {
	if s.HostAt == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", s.Host, s.HostAt.Format(time.DateOnly))
}

func (c *cli) serverShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show one server as JSON", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withStore(cmd.Context(), func(s *store.Store) error {
				server, err := s.ServerNamed(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printJSON(c.out, server)
			})
		},
	}
}

func (c *cli) serverDisable() *cobra.Command {
	var reason string
	cmd := &cobra.Command{Use: "disable NAME because WHY", Short: "Leave a server out of every run", Args: cobra.MinimumNArgs(1)}
	cmd.Flags().StringVar(&reason, "reason", "", "why, instead of because …; every plan shows it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		words, why, err := reasoned(args, reason)
		if err != nil {
			return err
		}
		if len(words) > 1 || strings.TrimSpace(why) == "" {
			return usage("say why: %s. People will read it in every plan", form(cmd))
		}
		return c.setDisabled(cmd.Context(), words[0], why, "disabled")
	}
	return cmd
}

func (c *cli) serverEnable() *cobra.Command {
	return &cobra.Command{
		Use: "enable NAME", Short: "Take a disabled server back in", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.setDisabled(cmd.Context(), args[0], "", "enabled")
		},
	}
}

func (c *cli) setDisabled(ctx context.Context, name, reason, done string) error {
	return c.change(ctx, func(s *store.Store, actor store.Actor) error {
		if err := s.SetDisabled(ctx, actor, name, reason); err != nil {
			return fmt.Errorf("server %s: %w", name, err)
		}
		fmt.Fprintf(c.out, "Server %s is %s.\n", name, done)
		return nil
	})
}

func (c *cli) serverRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a server; the history of its runs stays", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
				err := s.RemoveServer(cmd.Context(), actor, args[0])
				if errors.Is(err, store.ErrIsJump) {
					return usage("server %s: %w: give them another way first (`drover server edit NAME --jump S`)", args[0], err)
				}
				if errors.Is(err, store.ErrInUse) {
					return usage("a run is under way on %s: wait for it or cancel it first", args[0])
				}
				if err != nil {
					return fmt.Errorf("server %s: %w", args[0], err)
				}
				fmt.Fprintf(c.out, "Server %s is forgotten.\n", args[0])
				return nil
			})
		},
	}
}
