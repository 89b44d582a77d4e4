package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// element is an interactive element inside a block, with what surrounds it.
type element struct {
	block    string // block_id
	input    bool   // inside an input block
	optional bool   // of that input block
	fields   object
}

func (e element) str(name string) string {
	text, _ := e.fields[name].(string)
	return text
}

// elementsOf lists the elements with an action_id in blocks, in their order.
func elementsOf(blocks json.RawMessage) []element {
	var list []object
	if json.Unmarshal(blocks, &list) != nil {
		return nil
	}
	var found []element
	for _, b := range list {
		e := element{input: b["type"] == "input", optional: b["optional"] == true}
		e.block, _ = b["block_id"].(string)
		for _, name := range []string{"elements", "accessory", "element"} {
			found = append(found, e.within(b[name])...)
		}
	}
	return found
}

func (e element) within(v any) []element {
	switch v := v.(type) {
	case []any:
		var found []element
		for _, x := range v {
			found = append(found, e.within(x)...)
		}
		return found
	case object:
		if _, ok := v["action_id"].(string); ok {
			e.fields = v
			return []element{e}
		}
	}
	return nil
}

// use is the entry in actions when a person uses the element.
func (e element) use(p Pick) (object, error) {
	action := object{"action_id": e.str("action_id"), "block_id": e.block, "type": e.str("type")}
	if e.str("type") == "button" {
		if p.Value != "" && p.Value != e.str("value") {
			return nil, fmt.Errorf("the button %s has the value %q, not %q", e.str("action_id"), e.str("value"), p.Value)
		}
		action["text"] = e.fields["text"]
		for _, name := range []string{"value", "style"} {
			if e.str(name) != "" {
				action[name] = e.str(name)
			}
		}
		return action, nil
	}
	state, err := e.state(p.chosen())
	if err != nil {
		return nil, err
	}
	for name, v := range state {
		action[name] = v
	}
	return action, nil
}

// singular names the state field of elements that hold one plain value.
func singular(elementType string) string {
	return map[string]string{
		"plain_text_input": "value", "number_input": "value", "email_text_input": "value", "url_text_input": "value",
		"datepicker": "selected_date", "timepicker": "selected_time", "users_select": "selected_user",
		"channels_select": "selected_channel", "conversations_select": "selected_conversation",
	}[elementType]
}

// plural names the state field of elements that hold several plain values.
func plural(elementType string) string {
	return map[string]string{
		"multi_users_select": "selected_users", "multi_channels_select": "selected_channels",
		"multi_conversations_select": "selected_conversations",
	}[elementType]
}

// state is the element's entry in state.values for the given values.
func (e element) state(values []string) (object, error) {
	kind := e.str("type")
	state := object{"type": kind}
	switch {
	case singular(kind) != "":
		state[singular(kind)] = nil
		if len(values) > 0 && values[0] != "" {
			state[singular(kind)] = values[0]
		}
		return state, nil
	case plural(kind) != "":
		state[plural(kind)] = slices.Clone(values)
		return state, nil
	case kind == "checkboxes" || kind == "multi_static_select":
		return e.chosen(state, "selected_options", values)
	case kind == "static_select" || kind == "radio_buttons" || kind == "overflow":
		return e.chosenOne(state, values)
	}
	return nil, fmt.Errorf("a person cannot fill in a %s here", kind)
}

func (e element) chosenOne(state object, values []string) (object, error) {
	state["selected_option"] = nil
	if len(values) == 0 || values[0] == "" {
		return state, nil
	}
	option := e.option(values[0])
	if option == nil {
		return nil, fmt.Errorf("%s has no option %q, only %s", e.str("action_id"), values[0], strings.Join(e.optionValues(), ", "))
	}
	state["selected_option"] = option
	return state, nil
}

func (e element) chosen(state object, name string, values []string) (object, error) {
	options := []object{}
	for _, v := range values {
		if v == "" {
			continue
		}
		option := e.option(v)
		if option == nil {
			return nil, fmt.Errorf("%s has no option %q, only %s", e.str("action_id"), v, strings.Join(e.optionValues(), ", "))
		}
		options = append(options, option)
	}
	state[name] = options
	return state, nil
}

// options lists all options, also those in groups.
func (e element) options() []object {
	var all []object
	add := func(v any) {
		list, _ := v.([]any)
		for _, x := range list {
			if o, ok := x.(object); ok {
				all = append(all, o)
			}
		}
	}
	add(e.fields["options"])
	groups, _ := e.fields["option_groups"].([]any)
	for _, g := range groups {
		if o, ok := g.(object); ok {
			add(o["options"])
		}
	}
	return all
}

func (e element) option(value string) object {
	for _, o := range e.options() {
		if o["value"] == value {
			return o
		}
	}
	return nil
}

func (e element) optionValues() []string {
	var values []string
	for _, o := range e.options() {
		v, _ := o["value"].(string)
		values = append(values, v)
	}
	return values
}

// initial is what the element holds before a person touches it.
func (e element) initial() []string {
	for _, name := range []string{
		"initial_value", "initial_date", "initial_time", "initial_user", "initial_channel", "initial_conversation",
	} {
		if e.str(name) != "" {
			return []string{e.str(name)}
		}
	}
	if o, ok := e.fields["initial_option"].(object); ok {
		v, _ := o["value"].(string)
		return []string{v}
	}
	var values []string
	for _, name := range []string{"initial_options", "initial_users", "initial_channels", "initial_conversations"} {
		list, _ := e.fields[name].([]any)
		for _, x := range list {
			switch x := x.(type) {
			case string:
				values = append(values, x)
			case object:
				v, _ := x["value"].(string)
				values = append(values, v)
			}
		}
	}
	return values
}

// blockState is state.values: what every stateful element holds, by block_id
// and action_id. Known values win over the elements' initial ones.
func blockState(blocks json.RawMessage, known map[string]map[string]object) map[string]map[string]object {
	values := map[string]map[string]object{}
	for _, e := range elementsOf(blocks) {
		if e.str("type") == "button" || e.str("type") == "overflow" {
			continue
		}
		state := known[e.block][e.str("action_id")]
		if state == nil {
			var err error
			if state, err = e.state(e.initial()); err != nil {
				continue
			}
		}
		if values[e.block] == nil {
			values[e.block] = map[string]object{}
		}
		values[e.block][e.str("action_id")] = state
	}
	return values
}
