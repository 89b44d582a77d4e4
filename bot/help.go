package bot

import (
	"context"
	"fmt"
	"strings"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

// helps are the parts of the help, each shown to who has its role.
var helps = []struct {
	role  store.Role
	title string
	lines []string
}{
	{store.Viewer, "Look", []string{
		"`list` servers · `show web1` · `actions` · `history` · `show 42` · `report 30d`",
		"`preview update all` shows what would happen, and changes nothing · `can @somebody reboot db1` says whether, and why",
	}},
	{store.Viewer, "Targets", []string{"`web1` · `web*` · `web[1-20]` · `tag:prod` · `all` · `!web2` leaves out"}},
	{store.Operator, "Runs", []string{"`cancel 42` · `retry 42` · options `canary=1` `batch=2` `max-failures=1` `parallel=20` `timeout=10m`"}},
	{store.Operator, "Locks", []string{"`lock` lists them · `lock db1 2h because migration` keeps others' changes off · `unlock db1`"}},
	{store.Approver, "Approvals", []string{"`pending` · `show 42` · `approve 42` · `deny 42 because …`"}},
	{store.Breakglass, "Break-glass", []string{"`urgent=true` and `because …` run at once without approvals; everybody is told, and somebody has to review it"}},
	{store.Viewer, "Nights", []string{"`schedule` lists them · `schedule next nightly` · `freeze` lists what is frozen"}},
	{store.Operator, "", []string{"`schedule skip nightly` · `schedule delay nightly` · `schedule run nightly`"}},
	{store.Admin, "", []string{
		"`schedule add nightly update tag:prod cron=\"0 2 * * *\" timezone=Europe/Berlin duration=2h` shows the times first · `schedule edit` · `pause` · `resume` · `remove`",
		"`freeze tag:prod until Mon 08:00 because launch` keeps every change off · `unfreeze tag:prod`",
	}},
	{store.Admin, "People", []string{"`user list` · `user grant @somebody operator tag:web` · `user revoke @somebody operator`"}},
	{store.Admin, "Servers", []string{"`trust web1` shows a server's host keys and lets you trust them"}},
	{store.Admin, "Audit", []string{"`audit` · `audit web1` · `audit @somebody` · `audit 42`: who did what, the last first"}},
}

// help tells what drover understands, as far as who asks may do it.
func (b *Bot) help(ctx context.Context, c command, _ []string, _ string) (string, error) {
	rights, err := b.insider(ctx, c)
	if err != nil {
		return "", err
	}
	lines := []string{"*drover* looks after your servers. `/server &lt;action&gt; &lt;target&gt;… [name=value]… [because &lt;reason&gt;]`", ""}
	entries, err := b.runnable(ctx, rights)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		lines = append(append(lines, "*You can run*"), entries...)
	}
	for _, part := range helps {
		if !rights.Has(part.role) {
			continue
		}
		if part.title != "" {
			lines = append(lines, "*"+part.title+"*")
		}
		for _, line := range part.lines {
			lines = append(lines, "• "+line)
		}
	}
	return strings.Join(lines, "\n"), nil
}

// runnable lists the actions that somebody may run somewhere, one line each.
func (b *Bot) runnable(ctx context.Context, rights executor.Rights) ([]string, error) {
	entries, err := b.store.Actions(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := b.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, entry := range entries {
		definition, err := executor.Definition(entry)
		if err != nil {
			b.log.Error("an action of the whitelist cannot be read", "error", err)
			continue
		}
		if mayAnywhere(rights, store.Role(definition.Role), entry.Name, servers) {
			lines = append(lines, "• "+actionLine(definition)+needs(definition))
		}
	}
	return lines, nil
}

// needs says in a list of actions that somebody else has to agree.
func needs(a *action.Action) string {
	switch a.Approvals {
	case 0:
		return ""
	case 1:
		return " · needs 1 approval"
	}
	return fmt.Sprintf(" · needs %d approvals", a.Approvals)
}

func mayAnywhere(rights executor.Rights, role store.Role, action string, servers []store.Server) bool {
	for _, server := range servers {
		if ok, _ := rights.MayRun(role, action, server); ok {
			return true
		}
	}
	return len(servers) == 0 && rights.Has(role)
}
