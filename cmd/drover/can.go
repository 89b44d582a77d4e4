package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) canCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "can USER ACTION TARGET…",
		Short: "Say whether somebody may run an action, and which binding decides",
		Long: "Say for each server whether somebody may run an action on it now, by which binding, what else it needs and what locks it.\n" +
			"USER is a Slack user's id (U…, T…/U…). It runs nothing. It ends with 0 when they may everywhere and no lock or freeze\n" +
			"is in the way, and with 3 otherwise.",
		Args: cobra.MinimumNArgs(3),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withEngine(cmd.Context(), "can/", func(s *store.Store, e *executor.Engine) error {
			about, err := c.subject(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			answer, err := e.Can(cmd.Context(), about, args[1:])
			if err != nil {
				return err
			}
			if err := c.printAnswer(answer, asJSON); err != nil {
				return err
			}
			for _, s := range answer.Servers {
				if !s.Now() {
					return exitError(exitRefused)
				}
			}
			return nil
		})
	}
	return cmd
}

// shownAnswer is the answer for one server as JSON.
type shownAnswer struct {
	Server    string          `json:"server"`
	Allowed   bool            `json:"allowed"`
	Why       string          `json:"why"`
	Binding   *store.Binding  `json:"binding"`
	Approvals int             `json:"approvals"`
	Holds     []executor.Hold `json:"holds"`

	may string // as the table says it
}

func (c *cli) printAnswer(a executor.Answer, asJSON bool) error {
	list := []shownAnswer{}
	for _, s := range a.Servers {
		list = append(list, shownAnswer{s.Server, s.Allowed, s.Why, s.Binding, a.Approvals, append([]executor.Hold{}, s.Holds...), s.May()})
	}
	err := printList(c.out, asJSON, list, "SERVER\tMAY\tBECAUSE", func(s shownAnswer) string {
		return fmt.Sprintf("%s\t%s\t%s", s.Server, s.may, because(s))
	})
	if err != nil || asJSON {
		return err
	}
	if a.Approvals > 0 {
		fmt.Fprintf(c.out, "It also needs approvals: %d\n", a.Approvals)
	}
	if a.NoTeam {
		fmt.Fprintln(c.out, "drover does not know its Slack workspace yet, and obeys nobody in it before the first `drover serve`.")
	} else if a.Unmet {
		fmt.Fprintln(c.out, "drover has not met them yet: Slack is asked who they are when they first write.")
	}
	return nil
}

// because is what decides for one server.
func because(s shownAnswer) string {
	text := s.Why
	if s.Binding != nil {
		if text != "" {
			text += ": "
		}
		text += fmt.Sprintf("%s to %s, by %s on %s", bindingText(*s.Binding), s.Binding.Subject, s.Binding.CreatedBy, s.Binding.CreatedAt.Local().Format(time.DateOnly))
	}
	for _, h := range s.Holds {
		text += fmt.Sprintf("; %s by %s until %s", h.Kind.Done(), h.By, h.Until.Local().Format("2006-01-02 15:04"))
	}
	return text
}
