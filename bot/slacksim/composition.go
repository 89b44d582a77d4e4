package slacksim

import "regexp"

// plainText is a plain_text object with 1 to so many characters.
func plainText(most int) check {
	return oneShape("plain_text", shape{"text": need(str(1, most)), "emoji": may(boolean)})
}

// anyText is a text object of either kind.
func anyText(most int) check {
	either := of(kinds{
		"plain_text": obj(shape{"text": need(str(1, most)), "emoji": may(boolean)}),
		"mrkdwn":     obj(shape{"text": need(str(1, most)), "verbatim": may(boolean)}),
	})
	return func(c *checker, at string, v any) {
		before := len(c.problems)
		either(c, at, v)
		if len(c.problems) > before {
			// Slack tries both kinds and says first that none fits.
			details := append([]string{}, c.problems[before:]...)
			c.problems = c.problems[:before]
			c.problem(at, "failed to match all allowed schemas")
			c.problems = append(c.problems, details...)
		}
	}
}

func confirmDialog() check {
	return obj(shape{
		"title":   may(plainText(100)),
		"text":    need(anyText(300)),
		"confirm": may(plainText(30)),
		"deny":    may(plainText(30)),
		"style":   may(enum("primary", "danger")),
	})
}

// option is an option object; text is the check of its label, which is plain in
// menus and may be mrkdwn in checkboxes and radio buttons.
func option(text func(int) check) check {
	return obj(shape{
		"text":        need(text(75)),
		"value":       need(str(1, 75)),
		"description": may(text(75)),
	})
}

// overflowOption may also open a URL.
func overflowOption() check {
	return obj(shape{
		"text":        need(plainText(75)),
		"value":       need(str(1, 75)),
		"description": may(plainText(75)),
		"url":         may(str(1, 3000)),
	})
}

func optionGroup() check {
	return obj(shape{
		"label":   need(plainText(75)),
		"options": need(list(1, 100, option(plainText))),
	})
}

func conversationFilter() check {
	return obj(shape{
		"include":                          may(list(1, 4, enum("im", "mpim", "private", "public"))),
		"exclude_external_shared_channels": may(boolean),
		"exclude_bot_users":                may(boolean),
	})
}

func dispatchConfig() check {
	return obj(shape{
		"trigger_actions_on": may(list(1, 2, enum("on_enter_pressed", "on_character_entered"))),
	})
}

// like is a string of a given form.
func like(pattern *regexp.Regexp, form string) check {
	return func(c *checker, at string, v any) {
		if text, ok := v.(string); !ok || !pattern.MatchString(text) {
			c.problem(at, "must be of the form %s", form)
		}
	}
}

var (
	datePattern = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

func date() check { return like(datePattern, "YYYY-MM-DD") }

func clock() check { return like(timePattern, "HH:mm") }
