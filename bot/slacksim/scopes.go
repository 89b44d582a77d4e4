package slacksim

// knownScopes lists the bot scopes that a manifest may ask for.
func knownScopes() []string {
	return []string{
		"app_mentions:read", "assistant:write", "bookmarks:read", "bookmarks:write", "calls:read", "calls:write",
		"canvases:read", "canvases:write", "channels:history", "channels:join", "channels:manage", "channels:read",
		"channels:write.invites", "channels:write.topic", "chat:write", "chat:write.customize", "chat:write.public",
		"commands", "conversations.connect:manage", "conversations.connect:read", "conversations.connect:write",
		"dnd:read", "emoji:read", "files:read", "files:write", "groups:history", "groups:read", "groups:write",
		"groups:write.invites", "groups:write.topic", "im:history", "im:read", "im:write", "im:write.topic",
		"incoming-webhook", "links.embed:write", "links:read", "links:write", "metadata.message:read",
		"mpim:history", "mpim:read", "mpim:write", "mpim:write.topic", "pins:read", "pins:write", "reactions:read",
		"reactions:write", "reminders:read", "reminders:write", "remote_files:read", "remote_files:share",
		"remote_files:write", "team.billing:read", "team.preferences:read", "team:read", "usergroups:read",
		"usergroups:write", "users.profile:read", "users:read", "users:read.email", "users:write",
		"workflow.steps:execute",
	}
}

// eventScope names the scope that a bot event needs; "" means none.
func eventScope(event string) (scope string, known bool) {
	scope, known = map[string]string{
		"app_home_opened":         "",
		"app_mention":             "app_mentions:read",
		"app_uninstalled":         "",
		"channel_archive":         "channels:read",
		"channel_created":         "channels:read",
		"channel_deleted":         "channels:read",
		"channel_rename":          "channels:read",
		"channel_unarchive":       "channels:read",
		"file_shared":             "files:read",
		"member_joined_channel":   "channels:read",
		"member_left_channel":     "channels:read",
		"message.channels":        "channels:history",
		"message.groups":          "groups:history",
		"message.im":              "im:history",
		"message.mpim":            "mpim:history",
		"reaction_added":          "reactions:read",
		"reaction_removed":        "reactions:read",
		"subteam_created":         "usergroups:read",
		"subteam_members_changed": "usergroups:read",
		"subteam_updated":         "usergroups:read",
		"team_join":               "users:read",
		"tokens_revoked":          "",
		"user_change":             "users:read",
	}[event]
	return scope, known
}

// kind is what sort of conversation a channel is; Slack names scopes after it.
type kind string

const (
	kindPublic  kind = "channels"
	kindPrivate kind = "groups"
	kindDM      kind = "im"
)

// eventKind is the channel_type of message events.
func (k kind) eventKind() string {
	switch k {
	case kindPrivate:
		return "group"
	case kindDM:
		return "im"
	default:
		return "channel"
	}
}
