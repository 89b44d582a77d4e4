package slacksim_test

import (
	"strings"
	"testing"
	"time"

	"drover/bot/slacksim"
)

func TestTriggersAndHashes(t *testing.T) {
	clock := newClock()
	s := start(t, func(cfg *slacksim.Config) { cfg.Now = clock.Now })
	c, _ := dial(t, s)
	trigger := func() string {
		t.Helper()
		result := slash(t, s, "help")
		c.ack(c.next().ID, nil)
		return (<-result).TriggerID
	}
	first := trigger()
	opened := call(t, s, "views.open", args{"trigger_id": first, "view": modal(obj{"external_id": "x", "notify_on_close": true})})
	if opened.err() != "" {
		t.Fatalf("views.open: %s %s", opened.err(), opened.problems())
	}
	if a := call(t, s, "views.open", args{"trigger_id": first, "view": modal(nil)}); a.err() != "exchanged_trigger_id" {
		t.Errorf("second use: %v", a.fields)
	}
	late := trigger()
	clock.advance(3*time.Second + time.Millisecond)
	if a := call(t, s, "views.open", args{"trigger_id": late, "view": modal(nil)}); a.err() != "expired_trigger_id" {
		t.Errorf("after 3 s: %v", a.fields)
	}
	if a := call(t, s, "views.open", args{"trigger_id": trigger(), "view": modal(obj{"external_id": "x"})}); a.err() != "duplicate_external_id" {
		t.Errorf("the same external_id: %v", a.fields)
	}
	id, hash := opened.text("view", "id"), opened.text("view", "hash")
	updated := call(t, s, "views.update", args{"view_id": id, "hash": hash, "view": modal(obj{"notify_on_close": true})})
	if updated.err() != "" {
		t.Errorf("views.update: %v", updated.fields)
	}
	if a := call(t, s, "views.update", args{"view_id": id, "hash": hash, "view": modal(nil)}); a.err() != "hash_conflict" {
		t.Errorf("an old hash: %v", a.fields)
	}
}

func TestModalStack(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	result := slash(t, s, "help")
	c.ack(c.next().ID, nil)
	opened := call(t, s, "views.open", args{"trigger_id": (<-result).TriggerID, "view": modal(obj{"notify_on_close": true})})
	id := opened.text("view", "id")
	push := func() answer {
		t.Helper()
		top, _ := s.Modal("U1ANN")
		result := acting(t, func() (slacksim.Response, error) {
			return s.Submit(soon(t), "U1ANN", top.ID, map[string][]string{"reason": {"x"}})
		})
		e := c.next()
		a := call(t, s, "views.push", args{"trigger_id": e.Payload["trigger_id"].(string), "view": modal(nil)})
		c.ack(e.ID, obj{"response_action": "errors", "errors": obj{"why": "stay"}})
		<-result
		return a
	}
	for n, want := range []string{"", "", "push_limit_reached"} {
		if a := push(); a.err() != want {
			t.Errorf("push %d: %v, want %q", n+1, a.fields, want)
		}
	}
	stack := s.Modals("U1ANN")
	if len(stack) != 3 || stack[2].PreviousID != stack[1].ID || stack[2].RootID != id {
		t.Errorf("stack %+v", stack)
	}
	result = acting(t, func() (slacksim.Response, error) { return s.CloseView(soon(t), "U1ANN", id) })
	if e := c.next(); e.Payload["type"] != "view_closed" || e.Payload["is_cleared"] != false {
		t.Errorf("closing: %+v", e)
	} else {
		c.ack(e.ID, nil)
	}
	<-result
	if len(s.Modals("U1ANN")) != 0 {
		t.Error("modals are left")
	}
}

func TestSubmitAnswers(t *testing.T) {
	s := start(t, func(cfg *slacksim.Config) { cfg.Limits.NoRates = true })
	c, _ := dial(t, s)
	var next any
	_ = jsonDecode(modal(obj{"callback_id": "next"}), &next)
	for name, tt := range map[string]struct {
		ack   any
		err   string
		open  int
		input string
	}{
		"nothing":       {nil, "", 0, "x"},
		"clear":         {obj{"response_action": "clear"}, "", 0, "x"},
		"update":        {obj{"response_action": "update", "view": next}, "", 1, "x"},
		"push":          {obj{"response_action": "push", "view": next}, "", 2, "x"},
		"errors":        {obj{"response_action": "errors", "errors": obj{"why": "no"}}, "", 1, "x"},
		"wrong block":   {obj{"response_action": "errors", "errors": obj{"reason": "no"}}, "invalid_response_action", 1, "x"},
		"wrong view":    {obj{"response_action": "update", "view": obj{"type": "modal"}}, "invalid_arguments", 1, "x"},
		"unknown":       {obj{"response_action": "dance"}, "invalid_response_action", 1, "x"},
		"missing input": {nil, "client_validation", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			result := slash(t, s, "help")
			c.ack(c.next().ID, nil)
			a := call(t, s, "views.open", args{"trigger_id": (<-result).TriggerID, "view": modal(nil)})
			id := a.text("view", "id")
			result = acting(t, func() (slacksim.Response, error) {
				return s.Submit(soon(t), "U1ANN", id, map[string][]string{"reason": {tt.input}})
			})
			if tt.input != "" {
				c.ack(c.next().ID, tt.ack)
			}
			if r := <-result; r.Error != tt.err {
				t.Errorf("response %+v", r)
			}
			if n := len(s.Modals("U1ANN")); n != tt.open {
				t.Errorf("%d modals open, want %d", n, tt.open)
			}
		})
	}
}

func TestRefusedViews(t *testing.T) {
	s := start(t, func(cfg *slacksim.Config) { cfg.Limits.NoRates = true })
	c, _ := dial(t, s)
	for name, tt := range map[string]struct{ view, err, reason string }{
		"101 blocks":       {modal(obj{"blocks": many(101, func(int) any { return section() })}), "invalid_arguments", "no more than 100 items allowed [json-pointer:/view/blocks]"},
		"title 25":         {modal(obj{"title": plain(25)}), "invalid_arguments", "must be less than 25 characters [json-pointer:/view/title/text]"},
		"submit 25":        {modal(obj{"submit": plain(25)}), "invalid_arguments", "must be less than 25 characters [json-pointer:/view/submit/text]"},
		"close 25":         {modal(obj{"close": plain(25)}), "invalid_arguments", "must be less than 25 characters [json-pointer:/view/close/text]"},
		"callback 256":     {modal(obj{"callback_id": strings.Repeat("ä", 256)}), "invalid_arguments", "must be less than 256 characters [json-pointer:/view/callback_id]"},
		"external 256":     {modal(obj{"external_id": strings.Repeat("ä", 256)}), "invalid_arguments", "must be less than 256 characters [json-pointer:/view/external_id]"},
		"metadata 3001":    {modal(obj{"private_metadata": strings.Repeat("ä", 3001)}), "invalid_arguments", "must be less than 3001 characters [json-pointer:/view/private_metadata]"},
		"no submit":        {strings.Replace(modal(nil), `"submit"`, `"close"`, 1), "invalid_arguments", "must define `submit`"},
		"no title":         {`{"type":"modal","blocks":[]}`, "invalid_arguments", "missing required field: title [json-pointer:/view]"},
		"home":             {`{"type":"home","blocks":[]}`, "invalid_arguments", "unsupported type: home [json-pointer:/view/type]"},
		"unknown field":    {modal(obj{"colour": "red"}), "invalid_arguments", "invalid additional property: colour [json-pointer:/view]"},
		"table":            {modal(obj{"blocks": arr{table(1, 1)}}), "invalid_arguments", "unsupported type: table [json-pointer:/view/blocks/0/type]"},
		"plan":             {modal(obj{"blocks": arr{obj{"type": "plan", "title": "x"}}}), "invalid_arguments", "unsupported type: plan"},
		"markdown":         {modal(obj{"blocks": arr{obj{"type": "markdown", "text": "x"}}}), "invalid_arguments", "unsupported type: markdown"},
		"label 2001":       {modal(obj{"blocks": arr{obj{"type": "input", "label": plain(2001), "element": obj{"type": "plain_text_input"}}}}), "invalid_arguments", "must be less than 2001 characters [json-pointer:/view/blocks/0/label/text]"},
		"max_length 3001":  {modal(obj{"blocks": arr{obj{"type": "input", "label": plain(1), "element": obj{"type": "plain_text_input", "max_length": 3001}}}}), "invalid_arguments", "must be less than 3001 [json-pointer:/view/blocks/0/element/max_length]"},
		"button as input":  {modal(obj{"blocks": arr{obj{"type": "input", "label": plain(1), "element": buttonWith(nil)}}}), "invalid_arguments", "unsupported type: button"},
		"focus twice":      {modal(obj{"blocks": many(2, func(int) any { return actionsOf(selectOf(obj{"focus_on_load": true})) })}), "invalid_arguments", "only one element may have focus_on_load"},
		"more than 250 kB": {modal(obj{"private_metadata": strings.Repeat("x", 250_000)}), "view_too_large", ""},
	} {
		result := slash(t, s, "help")
		c.ack(c.next().ID, nil)
		a := call(t, s, "views.open", args{"trigger_id": (<-result).TriggerID, "view": tt.view})
		if a.err() != tt.err || !strings.Contains(a.problems(), tt.reason) {
			t.Errorf("%s: %s\n%s", name, a.err(), a.problems())
		}
	}
	if a := call(t, s, "views.publish", args{"user_id": "U1ANN", "view": encoded(t, obj{"type": "home", "blocks": arr{table(1, 1)}})}); a.err() != "invalid_arguments" {
		t.Errorf("a table on the Home tab: %v", a.fields)
	}
}

func TestHomeAndShortcut(t *testing.T) {
	s := start(t)
	c, _ := dial(t, s)
	home := encoded(t, obj{"type": "home", "blocks": arr{actionsOf(buttonWith(nil))}})
	a := call(t, s, "views.publish", args{"user_id": "U1ANN", "view": home})
	if a.err() != "" {
		t.Fatalf("views.publish: %v", a.fields)
	}
	if a := call(t, s, "views.publish", args{"user_id": "U1ANN", "view": home, "hash": "old"}); a.err() != "hash_conflict" {
		t.Errorf("an old hash: %v", a.fields)
	}
	v, _ := s.Home("U1ANN")
	result := acting(t, func() (slacksim.Response, error) { return s.ClickView(soon(t), "U1ANN", v.ID, "a") })
	e := c.next()
	c.ack(e.ID, nil)
	<-result
	if e.Payload["view"].(obj)["id"] != v.ID || e.Payload["container"].(obj)["type"] != "view" {
		t.Errorf("click %+v", e.Payload)
	}
	result = acting(t, func() (slacksim.Response, error) { return s.Shortcut(soon(t), "U1ANN", "run.start") })
	e = c.next()
	if e.Payload["type"] != "shortcut" || e.Payload["callback_id"] != "run.start" {
		t.Errorf("shortcut %+v", e.Payload)
	}
	if a := call(t, s, "views.open", args{"trigger_id": e.Payload["trigger_id"].(string), "view": modal(nil)}); a.err() != "" {
		t.Errorf("views.open from a shortcut: %v", a.fields)
	}
	c.ack(e.ID, nil)
	<-result
	if _, err := s.Shortcut(soon(t), "U1ANN", "nope"); err == nil {
		t.Error("an unknown shortcut worked")
	}
}
