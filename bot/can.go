package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// can answers whether somebody may run an action on servers, and which binding decides: `can @somebody reboot db1`.
func (b *Bot) can(ctx context.Context, c command, words []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) < 3 {
		return "", &executor.Refusal{Text: "Say who, what and where, for example `can @somebody reboot db1`."}
	}
	about, err := b.engine.Subject(ctx, words[0])
	if err != nil {
		return "", err
	}
	if err := b.meetOther(ctx, about); err != nil {
		return "", err
	}
	answer, err := b.engine.Can(ctx, about, words[1:])
	if err != nil {
		return "", err
	}
	return renderAnswer(answer, b.store.Now()), nil
}

// meetOther makes sure that the store knows the person whom a command is about, if Slack does.
func (b *Bot) meetOther(ctx context.Context, about store.Actor) error {
	team, id, ok := about.Slack()
	if !ok || team != b.self.TeamID {
		return nil
	}
	_, err := b.store.User(ctx, team, id)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	err = b.askUser(ctx, id)
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) && refused.Err == "user_not_found" {
		return &executor.Refusal{Text: fmt.Sprintf("Slack knows nobody with the id %s.", id)}
	}
	if err != nil {
		b.log.Warn("cannot ask Slack about a person", "user", id, "error", err)
		return &executor.Refusal{Text: "drover could not ask Slack about this person. Try again in a moment."}
	}
	return nil
}

func renderAnswer(a executor.Answer, now store.Time) string {
	lines := []string{fmt.Sprintf("May %s run %s?", subject(a.Actor), code(a.Action))}
	for _, group := range a.Alike() {
		var names []string
		for _, s := range group {
			names = append(names, s.Server)
		}
		first, servers := group[0], code(clip(executor.FoldNames(names), 600))
		switch {
		case first.Allowed:
			icon := ":white_check_mark:"
			if !first.Now() {
				icon = holdIcon(first.Holds[0].Kind)
			}
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", icon, servers, first.May(), deciding(*first.Binding, now)))
		case first.Binding != nil:
			lines = append(lines, fmt.Sprintf(":no_entry_sign: %s no, %s: %s", servers, escape(first.Why), deciding(*first.Binding, now)))
		default:
			lines = append(lines, fmt.Sprintf(":no_entry_sign: %s no: %s", servers, escape(first.Why)))
		}
		for _, h := range first.Holds {
			h.Servers = names
			lines = append(lines, "   "+holdLine(h))
		}
	}
	if a.Approvals > 0 {
		lines = append(lines, fmt.Sprintf("It also needs %s.", approvalsOf(a.Approvals)))
	}
	return joinLines(lines)
}

// deciding is the binding that decides: somebody's own, or that of a usergroup they are in.
func deciding(binding store.Binding, now store.Time) string {
	if _, ok := binding.Subject.Group(); ok {
		return subject(binding.Subject) + " " + bindingLine(binding, now)
	}
	return bindingLine(binding, now)
}

func approvalsOf(n int) string {
	if n == 1 {
		return "a colleague's approval"
	}
	return fmt.Sprintf("the approval of %d colleagues", n)
}
