package slacksim

type tokenKind int

const (
	tokenBot tokenKind = iota
	tokenApp
	tokenAny
	tokenNone
)

// Calls per minute of Slack's tiers.
const (
	tier2 = 20
	tier3 = 50
	tier4 = 100
	// special marks methods whose limit is not per method and minute.
	special = 0
)

// method is one Web API method. Where the scope depends on the channel, scope
// is "" and the handler asks for it.
type method struct {
	token     tokenKind
	scope     string
	perMinute int
	handle    func(*request) (object, error)
}

// allMethods are the Web API methods that there are. Limits are those of Slack's reference; the
// ones of conversations.*, usergroups.* and auth.test are its usual tiers.
func (s *Server) allMethods() map[string]method {
	return map[string]method{
		"api.test":                     {tokenNone, "", special, s.apiTest},
		"apps.connections.open":        {tokenApp, "", special, s.connectionsOpen},
		"auth.test":                    {tokenAny, "", special, s.authTest},
		"bots.info":                    {tokenBot, "users:read", tier3, s.botsInfo},
		"chat.delete":                  {tokenBot, "chat:write", tier3, s.chatDelete},
		"chat.getPermalink":            {tokenBot, "", special, s.chatGetPermalink},
		"chat.postEphemeral":           {tokenBot, "chat:write", tier4, s.chatPostEphemeral},
		"chat.postMessage":             {tokenBot, "chat:write", special, s.chatPostMessage},
		"chat.update":                  {tokenBot, "chat:write", tier3, s.chatUpdate},
		"conversations.history":        {tokenBot, "", tier3, s.conversationsHistory},
		"conversations.info":           {tokenBot, "", tier3, s.conversationsInfo},
		"conversations.list":           {tokenBot, "", tier2, s.conversationsList},
		"conversations.members":        {tokenBot, "", tier4, s.conversationsMembers},
		"conversations.open":           {tokenBot, "im:write", tier3, s.conversationsOpen},
		"conversations.replies":        {tokenBot, "", tier3, s.conversationsReplies},
		"files.completeUploadExternal": {tokenBot, "files:write", tier4, s.filesCompleteUpload},
		"files.getUploadURLExternal":   {tokenBot, "files:write", tier4, s.filesGetUploadURL},
		"files.info":                   {tokenBot, "files:read", tier4, s.filesInfo},
		"team.info":                    {tokenBot, "team:read", tier3, s.teamInfo},
		"usergroups.list":              {tokenBot, "usergroups:read", tier2, s.usergroupsList},
		"usergroups.users.list":        {tokenBot, "usergroups:read", tier2, s.usergroupsUsers},
		"users.info":                   {tokenBot, "users:read", tier4, s.usersInfo},
		"users.list":                   {tokenBot, "users:read", tier2, s.usersList},
		"views.open":                   {tokenBot, "", tier4, s.viewsOpen},
		"views.publish":                {tokenBot, "", tier4, s.viewsPublish},
		"views.push":                   {tokenBot, "", tier4, s.viewsPush},
		"views.update":                 {tokenBot, "", tier4, s.viewsUpdate},
	}
}

func (s *Server) apiTest(r *request) (object, error) {
	if code := r.args["error"]; code != "" {
		return nil, &apiError{code: code, extra: object{"args": r.args}}
	}
	return object{"args": r.args}, nil
}

func (s *Server) authTest(r *request) (object, error) {
	if r.token == s.appToken {
		return object{"app_name": s.manifest.Display.Name, "app_id": s.appID}, nil
	}
	o := object{
		"url": "https://" + s.cfg.Team.Domain + ".slack.com/", "team": s.cfg.Team.Name, "team_id": s.cfg.Team.ID,
		"user": s.users[s.botUser].Name, "user_id": s.botUser, "bot_id": s.botID, "is_enterprise_install": false,
	}
	if s.cfg.Team.Enterprise != "" {
		o["enterprise_id"] = s.cfg.Team.Enterprise
	}
	return o, nil
}

// enterprise is the organisation in payloads: null for a workspace of its own.
func (s *Server) enterprise() any {
	if s.cfg.Team.Enterprise == "" {
		return nil
	}
	return s.cfg.Team.Enterprise
}

func (s *Server) teamInfo(*request) (object, error) {
	return object{"team": object{
		"id": s.cfg.Team.ID, "name": s.cfg.Team.Name, "domain": s.cfg.Team.Domain, "email_domain": "", "icon": object{},
	}}, nil
}
