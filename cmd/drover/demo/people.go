package demo

import (
	"context"
	"fmt"

	"drover/bot"
	"drover/bot/slacksim"
	"drover/store"
)

// person is somebody whom the demo's user can be.
type person struct {
	name, id string
	roles    []store.Role
	may      string // in a few words
}

const (
	operatorID = "U0OPERATOR"
	approverID = "U0APPROVER"
	viewerID   = "U0VIEWER"
	adminID    = "U0ADMIN"
	outsiderID = "U0OUTSIDER"
)

// people are a team in small: what each may do is what the demo shows.
func people() []person {
	return []person{
		{"operator", operatorID, []store.Role{store.Operator}, "runs actions on servers"},
		{"approver", approverID, []store.Role{store.Operator, store.Approver}, "agrees to what others ask for"},
		{"viewer", viewerID, []store.Role{store.Viewer}, "may look, not change"},
		{"admin", adminID, []store.Role{store.Admin}, "says who may do what"},
		{"outsider", outsiderID, nil, "has no role in drover"},
	}
}

func startSlack(listen string, fleet *Fleet) (*slacksim.Server, error) {
	slack, err := slacksim.New(slacksim.Config{Manifest: bot.Manifest(), Listen: listen, Aside: aside(fleet)})
	if err != nil {
		return nil, fmt.Errorf("build the local Slack: %w", err)
	}
	members := []string{slack.BotUserID()}
	for _, p := range people() {
		if err := slack.AddUser(slacksim.User{ID: p.id, Name: p.name}); err != nil {
			return nil, err
		}
		members = append(members, p.id)
	}
	if err := slack.AddChannel(slacksim.Channel{ID: opsChannel, Name: "ops", Members: members}); err != nil {
		return nil, err
	}
	if err := slack.Start(); err != nil {
		return nil, fmt.Errorf("start the local Slack: %w", err)
	}
	return slack, nil
}

// furnish puts people, credential and servers into the database, as an admin would by the command line.
func furnish(ctx context.Context, s *store.Store, slack *slacksim.Server, fleet *Fleet) error {
	for _, p := range people() {
		for _, role := range p.roles {
			binding := store.Binding{Subject: store.SlackActor(slack.Team().ID, p.id), Role: role, ActionGlob: "*", Effect: store.Allow}
			if err := s.Grant(ctx, store.Drover, binding); err != nil {
				return err
			}
		}
	}
	secrets := store.Secrets{Kind: store.CredentialPassword, Login: []byte(fleet.password)}
	if err := s.AddCredential(ctx, store.Drover, "fleet", secrets); err != nil {
		return err
	}
	credential, err := s.CredentialNamed(ctx, "fleet")
	if err != nil {
		return err
	}
	for _, host := range fleet.Hosts {
		if err := host.register(ctx, s, credential.ID); err != nil {
			return err
		}
	}
	return nil
}
