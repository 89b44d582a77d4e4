package executor

import (
	"context"
	"fmt"
	"slices"

	"drover/executor/action"
	"drover/store"
)

// Approval is what a plan needs before it may run. What happens then does not depend on it, so the hash leaves it out.
type Approval struct {
	Needed  int           `json:"needed"`
	By      []store.Actor `json:"by"`                // who could give one when it was asked for
	Editors []store.Actor `json:"editors,omitempty"` // who last said what it does
	Self    bool          `json:"self,omitempty"`    // who asks, and the editors, may be among them: self-approval is on
	Cost    Cost          `json:"cost"`              // what they agree to; only of a run
}

// proposal is what somebody is asked to approve.
type proposal struct {
	action  string
	servers []store.Server
	by      store.Actor   // who asks
	editors []store.Actor // who last said what it does
	self    bool          // self-approval is on
	late    bool          // it was switched on after this was asked for, and does not count
}

// approval says what a plan needs before it may run when somebody asks for it; nil: nothing.
func (e *Engine) approval(ctx context.Context, plan *Plan, by store.Actor) (*Approval, error) {
	needed, err := e.approvalsNeeded(ctx, plan.definition, plan.servers)
	if err != nil || needed == 0 {
		return nil, err
	}
	p, err := e.proposal(ctx, plan.ActionID, plan.servers, by)
	if err != nil {
		return nil, err
	}
	approvers, err := e.approvers(ctx, p)
	return &Approval{Needed: needed, By: approvers, Editors: p.editors, Self: p.self}, err
}

// proposal is a revision of an action on servers, asked for by somebody.
func (e *Engine) proposal(ctx context.Context, actionID string, servers []store.Server, by store.Actor) (proposal, error) {
	entry, err := e.store.ActionRevision(ctx, actionID)
	if err != nil {
		return proposal{}, err
	}
	editor, err := e.inSlack(ctx, entry.CreatedBy)
	if err != nil {
		return proposal{}, err
	}
	self, err := e.Enabled(ctx, SelfApproval)
	return proposal{action: entry.Name, servers: servers, by: by, editors: []store.Actor{editor}, self: self}, err
}

// ofRun is the proposal that a run is. Self-approval counts for what was asked for while it was on, for then the card says so.
func (p proposal) ofRun(run store.Run) (proposal, error) {
	plan, err := PlanOf(run)
	on := plan.SelfReview || plan.Approval != nil && plan.Approval.Self
	p.self, p.late = p.self && on, p.self && !on
	return p, err
}

// approvalsNeeded is how many people must agree before an action may run on servers: as many as the action asks for, or
// more where a server's tag does. Looking needs nobody's.
func (e *Engine) approvalsNeeded(ctx context.Context, definition *action.Action, servers []store.Server) (int, error) {
	needed := definition.Approvals
	if !definition.Changes {
		return needed, nil
	}
	value, err := e.Chosen(ctx, ApprovalsByTag)
	if err != nil {
		return 0, err
	}
	byTag, err := parseByTag(value)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", ApprovalsByTag, err)
	}
	for _, server := range servers {
		for _, tag := range server.Tags {
			needed = max(needed, byTag[tag])
		}
	}
	return needed, nil
}

// approvers lists who may approve a proposal now. Whom drover has not met yet may still come.
func (e *Engine) approvers(ctx context.Context, p proposal) ([]store.Actor, error) {
	return e.granted(ctx, store.Approver, func(rights Rights) bool { return p.whyNot(rights) == "" })
}

// granted lists the people who were given a role, themselves or by a usergroup, and whose rights are enough.
func (e *Engine) granted(ctx context.Context, role store.Role, enough func(Rights) bool) ([]store.Actor, error) {
	all, err := e.store.Bindings(ctx, "")
	if err != nil {
		return nil, err
	}
	people, err := candidates(ctx, e.store, all, role)
	return people.who(all, e.store.Now(), enough), err
}

// whyNot says why somebody may not approve a proposal, or "". Nobody is exempt: an admin is no approver.
func (p proposal) whyNot(rights Rights) string {
	switch {
	case p.self:
	case rights.actor == p.by:
		return "whoever asks for a run needs somebody else to approve it" + p.unless()
	case slices.Contains(p.editors, rights.actor):
		return fmt.Sprintf("whoever edited `%s` last needs somebody else to approve it", p.action) + p.unless()
	}
	for _, server := range p.servers {
		if ok, why := rights.MayRun(store.Approver, p.action, server); !ok {
			return fmt.Sprintf("for `%s` on %s %s", p.action, server.Name, why)
		}
	}
	return ""
}

// unless says what would let somebody judge what is their own.
func (p proposal) unless() string {
	if p.late {
		return ", for self-approval was switched on later: ask again"
	}
	return ""
}

// inSlack is the Slack user that a login at the terminal belongs to, or the actor as it is.
func (e *Engine) inSlack(ctx context.Context, actor store.Actor) (store.Actor, error) {
	if !actor.Local() {
		return actor, nil
	}
	linked, err := e.store.Linked(ctx, actor.Login())
	if err != nil || linked == "" {
		return actor, err
	}
	return linked, nil
}

// accountable is who answers for a request that others have to agree to, with their rights: a person in Slack, or there
// would be no telling whether it is somebody else who agrees.
func (e *Engine) accountable(ctx context.Context, r Request, rights Rights) (store.Actor, Rights, error) {
	actor, err := e.inSlack(ctx, r.Actor)
	if err != nil || actor == r.Actor && !actor.Local() {
		return actor, rights, err
	}
	if actor.Local() {
		return "", Rights{}, refuse("`%s` needs a colleague's approval, or their review, so drover must know who you are in Slack: `drover user link %s U…`. Nothing was run.", r.Action, actor.Login())
	}
	rights, err = e.Rights(ctx, actor)
	return actor, rights, err
}

// askable makes sure that enough people may approve a plan, and returns the channel in which they are asked.
func (e *Engine) askable(ctx context.Context, r Request, plan *Plan) (channel string, err error) {
	if a := plan.Approval; len(a.By) < a.Needed {
		hint := "An admin can let somebody: `drover user grant U… approver`."
		if len(a.By) == 0 && !a.Self {
			hint += fmt.Sprintf(" A team of one can let who asks approve: `drover set %s on`.", SelfApproval)
		}
		return "", refuse("`%s` on %s needs %s, and %s may give one. Nothing was run. %s",
			plan.Action, FoldNames(plan.serverNames()), approvals(a.Needed), a.few(), hint)
	}
	if r.Channel != "" && !r.Private {
		return r.Channel, nil
	}
	channel, err = e.store.Setting(ctx, store.SettingChannel)
	if err == nil && channel == "" {
		err = refuse("Nobody would see that `%s` waits for approval. Ask for it in a channel that drover is in, or start `drover serve` with DROVER_CHANNEL. Nothing was run.", r.Action)
	}
	return channel, err
}

// few says who could approve where that is not enough.
func (a *Approval) few() string {
	switch {
	case len(a.By) == 0 && a.Self:
		return "nobody"
	case len(a.By) == 0:
		return "nobody else"
	case len(a.By) == 1:
		return "only 1 person"
	}
	return fmt.Sprintf("only %d people", len(a.By))
}

func approvals(n int) string {
	if n == 1 {
		return "1 approval"
	}
	return fmt.Sprintf("%d approvals", n)
}
