package executor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"drover/executor/action"
	"drover/executor/ssh"
	"drover/store"
)

// Plan is what a request comes down to: exactly what would run where.
type Plan struct {
	ActionID string            `json:"action_id"` // the revision
	Action   string            `json:"action"`
	Revision int               `json:"revision"`
	Params   map[string]string `json:"params"` // with the defaults filled in
	Options  Options           `json:"options"`
	Sudo     bool              `json:"sudo"` // the commands run as root
	Targets  []PlanTarget      `json:"targets"`
	Excluded []Exclusion       `json:"excluded,omitempty"`
	Holds    []Hold            `json:"holds,omitempty"`    // what holds its servers when it is made
	Approval *Approval         `json:"approval,omitempty"` // what it needs before it may run; nil: nothing
	// SelfReview says of a break-glass run that whoever runs it may close it: self-approval is on.
	SelfReview bool `json:"self_review,omitempty"`

	definition *action.Action
	servers    []store.Server       // of the targets, in the same order
	keptUp     map[string]Exclusion // by server id: those of Excluded that must not be taken down
}

// PlanTarget is one server of a plan. Nothing about it may change between the request and the dispatch.
type PlanTarget struct {
	ServerID     string   `json:"server_id"`
	Server       string   `json:"server"`
	Address      string   `json:"address"`
	Port         int      `json:"port"`
	User         string   `json:"user"`
	CredentialID string   `json:"credential_id"`
	Platform     string   `json:"platform"`
	HostKeys     []string `json:"host_keys"`
	Jump         *Jump    `json:"jump,omitempty"` // through which it is reached; nil: none
	Command      string   `json:"command"`        // byte for byte what the server's shell runs, nonce and wrapper excepted
	Batch        int      `json:"batch"`          // its turn: 0 is the canary's, the others count from 1
}

// Exclusion is a server that was named and is left out.
type Exclusion struct {
	Server string `json:"server"`
	Reason string `json:"reason"`
}

// PlannedCommand is the exact text that runs on some servers of a plan.
type PlannedCommand struct {
	Servers []string `json:"servers"`
	Text    string   `json:"command"`
}

// Commands are the exact commands of a plan, each once, with its servers.
func (p *Plan) Commands() []PlannedCommand {
	var list []PlannedCommand
	at := map[string]int{}
	for _, t := range p.Targets {
		i, seen := at[t.Command]
		if !seen {
			i = len(list)
			at[t.Command], list = i, append(list, PlannedCommand{Text: t.Command})
		}
		list[i].Servers = append(list[i].Servers, t.Server)
	}
	return list
}

// LeftOut are the servers that were named and that a run leaves out. It looks before it reads, for a plan may be large
// and most leave out none.
func LeftOut(run store.Run) []Exclusion {
	if !strings.Contains(run.Plan, `"excluded":`) { // as a key: inside of a string the quotes would be escaped
		return nil
	}
	plan, err := PlanOf(run)
	if err != nil {
		return nil // drover wrote it itself
	}
	return plan.Excluded
}

// Hash is the SHA-256 of everything that decides what happens, in hex. Servers that are left out do not count, nor what
// holds the others, nor who has to agree.
func (p Plan) Hash() (string, error) {
	p.Excluded, p.Holds, p.Approval, p.SelfReview = nil, nil, nil, false
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("hash a plan: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Plan resolves a request: the action, its parameters and the servers, as they are now.
func (e *Engine) Plan(ctx context.Context, r Request) (*Plan, error) {
	entry, err := e.FindAction(ctx, r.Action)
	if err != nil {
		return nil, err
	}
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := selectServers(r.Selector, all)
	if err != nil {
		return nil, err
	}
	servers, held, err := e.free(ctx, r, entry, servers)
	if err != nil {
		return nil, err
	}
	plan, err := e.newPlan(ctx, entry, r.Params, r.Options, servers)
	if err != nil {
		return nil, err
	}
	plan.guard(e.self)
	plan.Excluded = append(plan.Excluded, held...)
	if len(plan.Targets) == 0 {
		return nil, nothingLeft(plan)
	}
	return plan, e.complete(ctx, r, plan)
}

// complete fills in what hangs on which servers a plan has: their order, what holds them, and who has to agree.
func (e *Engine) complete(ctx context.Context, r Request, plan *Plan) (err error) {
	if err := plan.order(r); err != nil {
		return err
	}
	if plan.Holds, err = e.Holds(ctx, plan.servers); err != nil {
		return err
	}
	if plan.Options.Urgent {
		plan.SelfReview, err = e.Enabled(ctx, SelfApproval)
		return err
	}
	by, err := e.inSlack(ctx, r.Actor)
	if err != nil {
		return err
	}
	plan.Approval, err = e.approval(ctx, plan, by)
	return err
}

// PlanOf is the plan of a run as it was recorded.
func PlanOf(run store.Run) (Plan, error) {
	var plan Plan
	if err := json.Unmarshal([]byte(run.Plan), &plan); err != nil {
		return plan, fmt.Errorf("read the plan of run %d: %w", run.Number, err)
	}
	return plan, nil
}

func (p *Plan) serverNames() []string {
	return names(p.servers, func(store.Server) bool { return true })
}

// maxExcludedTold is of how many servers a refusal says why each is left out.
const maxExcludedTold = 5

// nothingLeft says why none of the servers that were named is left.
func nothingLeft(p *Plan) error {
	if len(p.Excluded) == 0 {
		return usage("No server is left of those you named.")
	}
	text := fmt.Sprintf("`%s` can run on none of them.", p.Action)
	for i, x := range p.Excluded {
		if i == maxExcludedTold {
			text += fmt.Sprintf(" … and %d more.", len(p.Excluded)-i)
			break
		}
		text += fmt.Sprintf(" %s: %s.", x.Server, x.Reason)
	}
	return usage("%s", text)
}

func (e *Engine) newPlan(ctx context.Context, entry store.Action, params map[string]string, options Options, servers []store.Server) (*Plan, error) {
	definition, err := action.Read([]byte(entry.YAML))
	if err != nil {
		return nil, fmt.Errorf("read revision %d of action %s: %w", entry.Revision, entry.Name, err)
	}
	if options.Preview {
		definition = definition.AsPreview()
	}
	values, err := e.bind(ctx, definition, params)
	if err != nil {
		return nil, badParameter(entry.Name, err)
	}
	p := &Plan{
		ActionID: entry.ID, Action: entry.Name, Revision: entry.Revision, Params: values, Options: options,
		Sudo: definition.Sudo, Targets: []PlanTarget{}, definition: definition,
		keptUp: map[string]Exclusion{},
	}
	for _, server := range servers {
		if err := p.add(server, values); err != nil {
			return nil, err
		}
	}
	p.cut()
	return p, nil
}

// bind fills in what nobody gave: from the settings that the action names, and from its defaults. A setting that was
// changed since a run was asked for makes another plan, and the run is denied like any other whose plan has changed.
func (e *Engine) bind(ctx context.Context, definition *action.Action, params map[string]string) (action.Values, error) {
	given := map[string]string{}
	maps.Copy(given, params)
	for _, p := range definition.Parameters {
		if _, ok := given[p.Name]; ok || p.Setting == "" {
			continue
		}
		chosen, err := e.Chosen(ctx, p.Setting)
		if err != nil {
			return nil, err
		}
		if chosen != "" {
			given[p.Name] = chosen
		}
	}
	return definition.Bind(given)
}

// badParameter passes on what is wrong with a value, and hides nothing else as such.
func badParameter(name string, err error) error {
	var bad *action.ParameterError
	if errors.As(err, &bad) {
		return usage("%s Nothing was run. `actions %s` shows its parameters.", bad.Sentence(), name)
	}
	return err
}

// add puts a server into the plan, or on the list of those left out.
func (p *Plan) add(server store.Server, values action.Values) error {
	if why := unfit(server); why != "" {
		p.Excluded = append(p.Excluded, Exclusion{server.Name, why})
		return nil
	}
	command, err := p.definition.Command(action.Platform(server.Platform), values)
	var platform *action.PlatformError
	if errors.As(err, &platform) {
		p.Excluded = append(p.Excluded, Exclusion{server.Name, platform.Reason})
		return nil
	}
	if err != nil {
		return badParameter(p.Action, err)
	}
	target := PlanTarget{
		ServerID: server.ID, Server: server.Name, Address: server.Address, Port: server.Port, User: server.LoginUser,
		CredentialID: *server.CredentialID, Platform: server.Platform, HostKeys: pinned(server), Command: command,
	}
	target.Jump = jumpOf(server)
	p.Targets = append(p.Targets, target)
	p.servers = append(p.servers, server)
	return nil
}

// pinned are the trusted host keys of a server, in the order of a plan.
func pinned(s store.Server) []string {
	var keys []string
	for _, pin := range s.HostKeys {
		keys = append(keys, pin.PublicKey)
	}
	slices.Sort(keys)
	return keys
}

// reach is how to log in to a target, through its jump host if it has one.
func (t PlanTarget) reach(login ssh.Login, jump *ssh.Server) ssh.Server {
	return ssh.Server{Name: t.Server, Address: t.Address, Port: t.Port, User: t.User, HostKeys: t.HostKeys, Login: login, Jump: jump}
}

// unfit says why a server can run nothing now, or "".
func unfit(s store.Server) string {
	switch {
	case s.DisabledReason != "":
		return "disabled: " + s.DisabledReason
	case len(s.HostKeys) == 0:
		return fmt.Sprintf("its host key is not trusted yet (`drover server trust %s`)", s.Name)
	case s.CredentialID == nil:
		return fmt.Sprintf("it has no credential (`drover server edit %s --credential NAME`)", s.Name)
	case s.Through != nil:
		if why := unfit(*s.Through); why != "" {
			return fmt.Sprintf("its jump host %s: %s", s.Through.Name, why)
		}
	}
	return ""
}

// replan makes the plan of a recorded run again, without what must stay up by what is known now.
func (e *Engine) replan(ctx context.Context, run store.Run) (*Plan, error) {
	plan, err := e.replanAll(ctx, run)
	if err != nil {
		return nil, err
	}
	plan.guard(e.self)
	plan.cut()
	return plan, nil
}

// replanAll makes the plan of a recorded run again, from the servers as they are now. An action that was edited or taken
// out of the whitelist since is refused: what was asked for is not what drover may do any more.
func (e *Engine) replanAll(ctx context.Context, run store.Run) (*Plan, error) {
	entry, err := e.store.ActionNamed(ctx, run.Action)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, refuse("`%s` was removed since this run was asked for.", run.Action)
	case err != nil:
		return nil, err
	case entry.ID != run.ActionID:
		return nil, refuse("`%s` was edited since this run was asked for. Ask again to run it as it is now.", run.Action)
	}
	all, err := e.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]store.Server, len(all))
	for _, s := range all {
		byID[s.ID] = s
	}
	var servers []store.Server
	for _, target := range run.Targets {
		server, ok := byID[target.ServerID]
		if !ok {
			return nil, refuse("%s was removed since.", target.Server)
		}
		servers = append(servers, server)
	}
	options, err := OptionsOf(run)
	if err != nil {
		return nil, err
	}
	return e.newPlan(ctx, entry, run.Params, options, servers)
}
