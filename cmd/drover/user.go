package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"drover/bot"
	"drover/executor"
	"drover/store"
)

func (c *cli) userCommand() *cobra.Command {
	return group("user", "Who may do what", c.userGrant(), c.userRevoke(), c.userList(), c.userLink())
}

var slackUser = regexp.MustCompile(`^(?:(T[A-Z0-9]+|E[A-Z0-9]+)/)?([UW][A-Z0-9]+)$`)

// grantable are the roles of this version.
var grantable = []store.Role{store.Viewer, store.Operator, store.Admin, store.Approver}

func parseRole(word string) (store.Role, error) {
	if role := store.Role(word); slices.Contains(grantable, role) {
		return role, nil
	}
	return "", usage("%q is not a role: use viewer, operator, admin or approver", word)
}

// subject reads a user's id as Slack shows it. Without a team it is the bot's own, which is asked of Slack before the
// first serve.
func (c *cli) subject(ctx context.Context, s *store.Store, id string) (store.Actor, error) {
	parts := slackUser.FindStringSubmatch(id)
	if parts == nil {
		return "", usage("%q is not a Slack user's id: it looks like U012ABCDEF (in Slack: profile, ⋮, Copy member ID)", id)
	}
	if parts[1] != "" {
		return store.SlackActor(parts[1], parts[2]), nil
	}
	team, err := s.Setting(ctx, store.SettingTeam)
	if err != nil || team != "" {
		return store.SlackActor(team, parts[2]), err
	}
	if team, err = c.askTeam(ctx); err != nil {
		return "", err
	}
	return store.SlackActor(team, parts[2]), s.SetSetting(ctx, store.Drover, store.SettingTeam, team)
}

func (c *cli) askTeam(ctx context.Context) (string, error) {
	token, err := c.settings.secret("SLACK_BOT_TOKEN")
	if err != nil {
		return "", err
	}
	if token == "" {
		return "", usage("drover does not know its Slack team yet: set SLACK_BOT_TOKEN, or write the id with its team, as T…/U…")
	}
	self, err := bot.NewClient(c.getenv("SLACK_API_URL"), token, "").AuthTestContext(ctx)
	if err != nil {
		return "", fmt.Errorf("ask Slack for its team: %w", err)
	}
	return self.TeamID, nil
}

func (c *cli) userGrant() *cobra.Command {
	var tag, glob string
	var deny bool
	cmd := &cobra.Command{Use: "grant ID ROLE", Short: "Give somebody a role, or deny it", Args: cobra.ExactArgs(2)}
	cmd.Flags().StringVar(&tag, "tag", "", "only on servers with this tag")
	cmd.Flags().StringVar(&glob, "action", "*", "only for actions whose name matches")
	cmd.Flags().BoolVar(&deny, "deny", false, "deny instead of allow: a deny wins over every allow")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		role, err := parseRole(args[1])
		if err != nil {
			return err
		}
		if _, err := path.Match(glob, ""); err != nil {
			return usage("--action %q is not a pattern: write for example 'update' or 'restart-*'", glob)
		}
		if tag != "" && !executor.NamePattern.MatchString(tag) {
			return badName(tag)
		}
		binding := store.Binding{Role: role, ActionGlob: glob, Tag: tag, Effect: store.Allow}
		if deny {
			binding.Effect = store.Deny
		}
		return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
			if binding.Subject, err = c.subject(cmd.Context(), s, args[0]); err != nil {
				return err
			}
			if err := s.Grant(cmd.Context(), actor, binding); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: %s\n", binding.Subject, bindingText(binding))
			return nil
		})
	}
	return cmd
}

func bindingText(b store.Binding) string {
	text := fmt.Sprintf("%s %s", b.Effect, b.Role)
	if b.ActionGlob != "*" {
		text += " for " + b.ActionGlob
	}
	if b.Tag != "" {
		text += " on tag:" + b.Tag
	}
	return text
}

func (c *cli) userRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID ROLE", Short: "Take every binding of a role from somebody", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			role, err := parseRole(args[1])
			if err != nil {
				return err
			}
			return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
				subject, err := c.subject(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				err = s.Revoke(cmd.Context(), actor, subject, role)
				if errors.Is(err, store.ErrNotFound) {
					return usage("%s has no binding of role %s: `drover user list` shows all", subject, role)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s: %s revoked\n", subject, role)
				return nil
			})
		},
	}
}

func (c *cli) userList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List bindings", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			bindings, err := s.Bindings(cmd.Context(), "")
			if err != nil {
				return err
			}
			known, err := s.Users(cmd.Context())
			if err != nil {
				return err
			}
			names := map[store.Actor]string{}
			for _, u := range known {
				names[u.Actor()] = u.Name
			}
			return printList(c.out, asJSON, bindings, "USER\tNAME\tBINDING\tBY", func(b store.Binding) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s", b.Subject, names[b.Subject], bindingText(b), b.CreatedBy)
			})
		})
	}
	return cmd
}

func (c *cli) userLink() *cobra.Command {
	return &cobra.Command{
		Use: "link LOGIN ID", Short: "Say which Slack user a login on this host is", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
				subject, err := c.subject(cmd.Context(), s, args[1])
				if err != nil {
					return err
				}
				if err := s.LinkLogin(cmd.Context(), actor, args[0], subject); err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s is %s\n", args[0], subject)
				return nil
			})
		},
	}
}
