package slacksim

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// interactiveElements are those that send an action and so have an action_id.
func interactiveElements() kinds {
	all := actionElements()
	maps.Copy(all, inputElements())
	maps.Copy(all, contextActionElements())
	return all
}

// pick returns the named ones of some kinds.
func (k kinds) pick(names ...string) kinds {
	some := kinds{}
	for _, name := range names {
		some[name] = k[name]
	}
	return some
}

func selectNames() []string {
	var names []string
	for _, of := range []string{"static", "users", "conversations", "channels", "external"} {
		names = append(names, of+"_select", "multi_"+of+"_select")
	}
	return names
}

// actionElements may stand in an actions block.
func actionElements() kinds {
	return elements().pick(append(selectNames(),
		"button", "checkboxes", "datepicker", "datetimepicker", "overflow", "radio_buttons", "timepicker",
		"rich_text_input")...)
}

// accessoryElements may stand beside the text of a section.
func accessoryElements() kinds {
	return elements().pick(append(selectNames(),
		"button", "checkboxes", "datepicker", "image", "overflow", "radio_buttons", "timepicker")...)
}

// inputElements may stand in an input block.
func inputElements() kinds {
	return elements().pick(append(selectNames(),
		"checkboxes", "datepicker", "datetimepicker", "email_text_input", "file_input", "number_input",
		"plain_text_input", "radio_buttons", "rich_text_input", "timepicker", "url_text_input")...)
}

func contextActionElements() kinds { return elements().pick("feedback_buttons", "icon_button") }

// contextElements may stand in a context block. Lengths of their text are those
// of any text object.
func contextElements() kinds {
	return kinds{
		"image":      imageElement(),
		"plain_text": anyText(3000),
		"mrkdwn":     anyText(3000),
	}
}

// elements are all block elements by type.
func elements() kinds {
	k := kinds{
		"button":           button(),
		"image":            imageElement(),
		"overflow":         obj(with(actionID(), confirmable(), shape{"options": need(list(1, 5, overflowOption()))})),
		"datepicker":       obj(with(entry(), confirmable(), shape{"initial_date": may(date())})),
		"timepicker":       obj(with(entry(), confirmable(), shape{"initial_time": may(clock()), "timezone": may(str(1, 100))})),
		"datetimepicker":   obj(with(actionID(), focus(), confirmable(), shape{"initial_date_time": may(integer(1e9, 9_999_999_999))})),
		"email_text_input": obj(with(entry(), dispatch(), shape{"initial_value": may(str(0, 3000))})),
		"url_text_input":   obj(with(entry(), dispatch(), shape{"initial_value": may(str(0, 3000))})),
		"number_input":     numberInput(),
		"plain_text_input": plainTextInput(),
		"rich_text_input":  obj(with(entry(), dispatch(), shape{"initial_value": may(of(kinds{"rich_text": richTextBlock()})), "min_lines": may(integer(1, 100)), "max_lines": may(integer(1, 100))})),
		"file_input":       obj(with(actionID(), shape{"filetypes": may(list(1, 100, str(1, 50))), "max_files": may(integer(1, 10))})),
		"checkboxes":       choice("initial_options", list(1, 10, option(anyText))),
		"radio_buttons":    choice("initial_option", option(anyText)),
		"feedback_buttons": obj(with(actionID(), shape{"positive_button": need(feedbackButton()), "negative_button": need(feedbackButton())})),
		"icon_button":      iconButton(),
	}
	for _, multi := range []bool{false, true} {
		addSelects(k, multi)
	}
	return k
}

func actionID() shape    { return shape{"action_id": may(str(1, 255))} }
func confirmable() shape { return shape{"confirm": may(confirmDialog())} }
func dispatch() shape    { return shape{"dispatch_action_config": may(dispatchConfig())} }

func focus() shape {
	return shape{"focus_on_load": may(func(c *checker, at string, v any) {
		boolean(c, at, v)
		if v == true {
			c.focused++
		}
	})}
}

// entry is what every element has that a person fills in.
func entry() shape {
	return with(actionID(), focus(), shape{"placeholder": may(plainText(150))})
}

func button() check {
	return obj(with(actionID(), confirmable(), shape{
		"text":                need(plainText(75)),
		"value":               may(str(0, 2000)),
		"url":                 may(str(0, 3000)),
		"style":               may(enum("primary", "danger")),
		"accessibility_label": may(str(0, 75)),
	}))
}

func feedbackButton() check {
	return obj(shape{
		"text": need(plainText(75)), "value": need(str(1, 2000)), "accessibility_label": may(str(0, 75)),
	})
}

func iconButton() check {
	return obj(with(actionID(), confirmable(), shape{
		"icon": need(str(1, 255)), "text": need(plainText(75)), "value": may(str(0, 2000)),
		"accessibility_label": may(str(0, 75)), "visible_to_user_ids": may(list(1, 100, str(1, 255))),
	}))
}

func imageFields() shape {
	return shape{
		"image_url": may(str(1, 3000)), "alt_text": need(str(1, 2000)),
		"slack_file": may(obj(shape{"id": may(str(1, 255)), "url": may(str(1, 3000))})),
	}
}

func imageElement() check { return also(obj(imageFields()), imageSource) }

func imageSource(c *checker, at string, v any) {
	o, _ := v.(object)
	if (o["image_url"] == nil) == (o["slack_file"] == nil) {
		c.problem(at, "must provide exactly one of: image_url, slack_file")
	}
}

func plainTextInput() check {
	return obj(with(entry(), dispatch(), shape{
		"initial_value": may(str(0, 3000)), "multiline": may(boolean),
		"min_length": may(integer(0, 3000)), "max_length": may(integer(1, 3000)),
	}))
}

func numberInput() check {
	return obj(with(entry(), dispatch(), shape{
		"is_decimal_allowed": need(boolean), "initial_value": may(str(0, 255)),
		"min_value": may(str(1, 255)), "max_value": may(str(1, 255)),
	}))
}

// choice is checkboxes or radio buttons: up to ten options, all in sight.
func choice(initial string, initialCheck check) check {
	return also(obj(with(actionID(), focus(), confirmable(), shape{
		"options": need(list(1, 10, option(anyText))), initial: may(initialCheck),
	})), initialKnown)
}

// addSelects adds the five menus, for one choice or for several.
func addSelects(k kinds, multi bool) {
	prefix, s := "", ""
	base := with(entry(), confirmable())
	one := func(each check) check { return each }
	if multi {
		prefix, s = "multi_", "s"
		base["max_selected_items"] = may(integer(1, 100))
		one = func(each check) check { return list(1, 100, each) }
	}
	id := str(1, 255)
	initialOption := shape{"initial_option" + s: may(one(option(plainText)))}
	k[prefix+"static_select"] = also(also(obj(with(base, initialOption, shape{
		"options":       may(list(1, 100, option(plainText))),
		"option_groups": may(list(1, 100, optionGroup())),
	})), oneOptionSource), initialKnown)
	k[prefix+"external_select"] = obj(with(base, initialOption, shape{"min_query_length": may(integer(0, 100))}))
	k[prefix+"users_select"] = obj(with(base, shape{"initial_user" + s: may(one(id))}))
	filtered := shape{
		"initial_conversation" + s: may(one(id)), "default_to_current_conversation": may(boolean),
		"filter": may(conversationFilter()), "response_url_enabled": may(boolean),
	}
	k[prefix+"conversations_select"] = obj(with(base, filtered))
	k[prefix+"channels_select"] = obj(with(base, shape{"initial_channel" + s: may(one(id)), "response_url_enabled": may(boolean)}))
}

func oneOptionSource(c *checker, at string, v any) {
	o, _ := v.(object)
	if (o["options"] == nil) == (o["option_groups"] == nil) {
		c.problem(at, "must provide exactly one of: options, option_groups")
	}
}

// initialKnown refuses an initial option that is not exactly one of the options.
func initialKnown(c *checker, at string, v any) {
	o, _ := v.(object)
	e := element{fields: o}
	initial, _ := o["initial_options"].([]any)
	name := "initial_options"
	if one, ok := o["initial_option"]; ok {
		initial, name = []any{one}, "initial_option"
	}
	seen := map[string]bool{}
	for i, x := range e.options() {
		value, _ := x["value"].(string)
		if seen[value] {
			c.problem(fmt.Sprintf("%s/options/%d/value", at, i), "option values must be unique: %s", value)
		}
		seen[value] = true
	}
	for _, want := range initial {
		found := false
		for _, x := range e.options() {
			found = found || reflect.DeepEqual(any(x), want)
		}
		if !found {
			c.problem(at+"/"+name, "%s must exactly match one of the provided options", strings.TrimSuffix(name, "s"))
		}
	}
}
