package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/bot"
	"drover/executor"
	"drover/store"
)

func (c *cli) userCommand() *cobra.Command {
	return group("user", "Who may do what", c.userGrant(), c.userRevoke(), c.userList(), c.userLink())
}

// subject reads a user's or a usergroup's id as Slack shows it. Without a team it is the bot's own, which is asked of
// Slack before the first serve.
func (c *cli) subject(ctx context.Context, s *store.Store, id string) (store.Actor, error) {
	team, err := s.Setting(ctx, store.SettingTeam)
	if err != nil {
		return "", err
	}
	subject, err := executor.Subject(team, id)
	if owner, user, ok := subject.Slack(); err != nil || !ok || owner != "" {
		return subject, err
	} else if team, err = c.askTeam(ctx); err == nil {
		subject, err = store.SlackActor(team, user), s.SetSetting(ctx, store.Drover, store.SettingTeam, team)
	}
	return subject, err
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
	if away := (*url.Error)(nil); errors.As(err, &away) {
		err = away.Err // without the address
	}
	if err != nil {
		return "", fmt.Errorf("cannot ask Slack for the bot's team (%w): try again, or write the id with its team, as T…/U…", err)
	}
	return self.TeamID, nil
}

// bindingFlags are the flags of grant and revoke, put together as the words that Slack's /server user takes.
type bindingFlags struct {
	tag, action, until, life string
	deny                     bool
}

func (f *bindingFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.tag, "tag", "", "only on servers with this tag")
	cmd.Flags().StringVar(&f.action, "action", "", "only for actions whose name matches, such as 'restart-*'")
	cmd.Flags().BoolVar(&f.deny, "deny", false, "deny instead of allow: a deny wins over every allow")
}

func (f *bindingFlags) words(role string) []string {
	words := []string{role}
	for name, value := range map[string]string{"tag": f.tag, "action": f.action, "until": f.until, "for": f.life} {
		if value != "" {
			words = append(words, name+"="+value)
		}
	}
	if f.deny {
		words = append(words, "deny")
	}
	return words
}

func (c *cli) userGrant() *cobra.Command {
	var flags bindingFlags
	cmd := &cobra.Command{
		Use: "grant ID ROLE", Short: "Give somebody a role, or deny it", Args: cobra.ExactArgs(2),
		Long: "Give somebody a role, or deny it: viewer, operator or admin, each of which includes the one before, approver, or breakglass.\n" +
			"ID is a user's (U…, T…/U…) or a usergroup's (group:S…). Granting the same again gives it another end.",
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&flags.until, "until", "", "the last day on which it counts (2026-12-31), or when it ends (2026-12-31T18:00), in this host's time zone")
	cmd.Flags().StringVar(&flags.life, "for", "", "how long it counts, such as 8h or 7d")
	atMostOne(cmd, "until", "for")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.userChange(cmd.Context(), func(s *store.Store, e *executor.Engine, actor store.Actor) error {
			binding, err := e.ParseBinding(flags.words(args[1]))
			if err != nil {
				return err
			}
			if binding.Subject, err = c.subject(cmd.Context(), s, args[0]); err != nil {
				return err
			}
			if err := e.Grant(cmd.Context(), actor, binding); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: %s\n", binding.Subject, bindingText(binding))
			fmt.Fprintf(c.out, "%s %s%s.\n", e.Name(cmd.Context(), binding.Subject), executor.Meaning(binding), endsAt(binding))
			notes, err := e.Unmatched(cmd.Context(), binding)
			for _, note := range notes {
				fmt.Fprintln(c.out, note)
			}
			return errors.Join(err, c.warnOfGroup(cmd.Context(), s, binding))
		})
	}
	return cmd
}

// userChange runs fn as the person at this terminal.
func (c *cli) userChange(ctx context.Context, fn func(*store.Store, *executor.Engine, store.Actor) error) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	return c.withEngine(ctx, "user/", func(s *store.Store, e *executor.Engine) error { return fn(s, e, actor) })
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

// endsAt is the end of a binding for the end of a sentence.
func endsAt(b store.Binding) string {
	if b.Until == nil {
		return ""
	}
	return ", until " + b.Until.Local().Format("2006-01-02 15:04 MST")
}

// warnOfGroup says when drover does not know who is in a usergroup, for then nobody gets anything by it.
func (c *cli) warnOfGroup(ctx context.Context, s *store.Store, b store.Binding) error {
	id, ok := b.Subject.Group()
	if !ok {
		return nil
	}
	known, err := s.Usergroups(ctx)
	if err != nil {
		return err
	}
	for _, g := range known {
		if g.ID == id && g.State == store.GroupKnown {
			return nil
		}
	}
	fmt.Fprintln(c.out, "drover does not know yet who is in that usergroup: `drover serve` asks Slack. Until then it gives nothing, and a deny is for everybody.")
	return nil
}

func (c *cli) userRevoke() *cobra.Command {
	var flags bindingFlags
	cmd := &cobra.Command{
		Use: "revoke ID ROLE", Short: "Take every binding of a role from somebody, or some of them", Args: cobra.ExactArgs(2),
		Long: "Take every binding of a role from somebody, allow and deny. With --tag, --action or --deny only those.",
	}
	flags.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.userChange(cmd.Context(), func(s *store.Store, e *executor.Engine, actor store.Actor) error {
			which, err := e.ParseRevocation(flags.words(args[1]))
			if err != nil {
				return err
			}
			if which.Subject, err = c.subject(cmd.Context(), s, args[0]); err != nil {
				return err
			}
			taken, err := e.Revoke(cmd.Context(), actor, which)
			if err != nil {
				return err
			}
			for _, b := range taken {
				fmt.Fprintf(c.out, "%s: %s revoked\n", b.Subject, bindingText(b))
			}
			admins, err := executor.Admins(cmd.Context(), s)
			if err == nil && len(admins) == 0 {
				fmt.Fprintf(c.out, "Now %s.\n", executor.NoAdmin)
			}
			return err
		})
	}
	return cmd
}

// shownBinding is a binding as it is listed.
type shownBinding struct {
	store.Binding
	Name    string `json:"name"`
	Expired bool   `json:"expired"`
}

func (c *cli) userList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List bindings", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			list, err := listBindings(cmd.Context(), s)
			if err != nil {
				return err
			}
			return printList(c.out, asJSON, list, "USER\tNAME\tBINDING\tENDS\tBY", func(b shownBinding) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", b.Subject, b.Name, bindingText(b.Binding), ends(b), b.CreatedBy)
			})
		})
	}
	return cmd
}

func listBindings(ctx context.Context, s *store.Store) ([]shownBinding, error) {
	bindings, err := s.Bindings(ctx, "")
	if err != nil {
		return nil, err
	}
	users, err := s.Users(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := s.Usergroups(ctx)
	if err != nil {
		return nil, err
	}
	names := map[store.Actor]string{}
	for _, u := range users {
		names[u.Actor()] = u.Name
	}
	for _, g := range groups {
		name := ""
		if g.Name != "" {
			name = "@" + g.Name
		}
		if g.State != store.GroupKnown {
			name = strings.TrimSpace(fmt.Sprintf("%s (%s)", name, g.State))
		}
		names[store.GroupActor(g.ID)] = name
	}
	list := []shownBinding{}
	for _, b := range bindings {
		list = append(list, shownBinding{b, names[b.Subject], b.Over(s.Now())})
	}
	return list, nil
}

func ends(b shownBinding) string {
	switch {
	case b.Expired:
		return "expired " + b.Until.Local().Format(time.DateOnly)
	case b.Until != nil:
		return b.Until.Local().Format("2006-01-02 15:04")
	}
	return "-"
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
				if _, isGroup := subject.Group(); isGroup {
					return usage("%s is a usergroup: a login belongs to one person", subject)
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
