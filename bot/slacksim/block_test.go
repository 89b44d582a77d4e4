package slacksim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"drover/bot/slacksim"
)

func encoded(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	must(t, err)
	return string(data)
}

// obj and arr shorten JSON in tables.
type (
	obj = map[string]any
	arr = []any
)

func plain(n int) obj  { return obj{"type": "plain_text", "text": strings.Repeat("ä", n)} }
func mrkdwn(n int) obj { return obj{"type": "mrkdwn", "text": strings.Repeat("ä", n)} }

// many repeats a value; with %d in a string it is numbered.
func many(n int, make func(i int) any) arr {
	list := arr{}
	for i := range n {
		list = append(list, make(i))
	}
	return list
}

func buttonWith(change obj) obj {
	b := obj{"type": "button", "text": plain(1), "action_id": "a"}
	for k, v := range change {
		b[k] = v
	}
	return b
}

func actionsOf(elements ...any) obj { return obj{"type": "actions", "elements": elements} }

func opt(i int) any { return obj{"text": plain(1), "value": fmt.Sprint("v", i)} }

func selectOf(change obj) obj {
	e := obj{"type": "static_select", "action_id": "s", "options": many(2, opt)}
	for k, v := range change {
		e[k] = v
	}
	return e
}

func section() obj { return obj{"type": "section", "text": mrkdwn(1)} }

func cell(n int) any { return obj{"type": "raw_text", "text": strings.Repeat("x", n)} }

func table(rows, cols int) obj {
	return obj{"type": "table", "rows": many(rows, func(int) any { return many(cols, func(int) any { return cell(1) }) })}
}

func richText(text string) obj {
	return obj{"type": "rich_text", "elements": arr{obj{"type": "rich_text_section", "elements": arr{obj{"type": "text", "text": text}}}}}
}

func task(change obj) obj {
	c := obj{"type": "task_card", "task_id": "t1", "title": "web1", "status": "in_progress"}
	for k, v := range change {
		c[k] = v
	}
	return c
}

// refusedBlocks are messages that Slack refuses, with the start of its reason
// and the JSON pointer.
func refusedBlocks() map[string]struct {
	blocks arr
	reason string
	at     string
} {
	long := func(n int) string { return strings.Repeat("ä", n) }
	confirm := func(change obj) obj {
		c := obj{"title": plain(1), "text": mrkdwn(1), "confirm": plain(1), "deny": plain(1)}
		for k, v := range change {
			c[k] = v
		}
		return c
	}
	return map[string]struct {
		blocks arr
		reason string
		at     string
	}{
		"51 blocks":             {many(51, func(int) any { return section() }), "no more than 50 items allowed", "/blocks"},
		"unknown block":         {arr{obj{"type": "poem"}}, "unsupported type: poem", "/blocks/0/type"},
		"no type":               {arr{obj{}}, "missing required field: type", "/blocks/0"},
		"not an object":         {arr{"x"}, "must provide an object", "/blocks/0"},
		"unknown field":         {arr{obj{"type": "divider", "colour": "red"}}, "invalid additional property: colour", "/blocks/0"},
		"block_id 256":          {arr{obj{"type": "divider", "block_id": long(256)}}, "must be less than 256 characters", "/blocks/0/block_id"},
		"block_id empty":        {arr{obj{"type": "divider", "block_id": ""}}, "must be more than 0 characters", "/blocks/0/block_id"},
		"block_id twice":        {arr{obj{"type": "divider", "block_id": "b"}, obj{"type": "divider", "block_id": "b"}}, "`block_id` \"b\" already exists", "/blocks/1/block_id"},
		"header 151":            {arr{obj{"type": "header", "text": plain(151)}}, "must be less than 151 characters", "/blocks/0/text/text"},
		"header mrkdwn":         {arr{obj{"type": "header", "text": mrkdwn(1)}}, "unsupported type: mrkdwn", "/blocks/0/text/type"},
		"header empty":          {arr{obj{"type": "header", "text": plain(0)}}, "must be more than 0 characters", "/blocks/0/text/text"},
		"section 3001":          {arr{obj{"type": "section", "text": mrkdwn(3001)}}, "must be less than 3001 characters", "/blocks/0/text/text"},
		"section schemas":       {arr{obj{"type": "section", "text": mrkdwn(3001)}}, "failed to match all allowed schemas", "/blocks/0/text"},
		"section nothing":       {arr{obj{"type": "section"}}, "missing required field: text", "/blocks/0"},
		"section 11 fields":     {arr{obj{"type": "section", "fields": many(11, func(int) any { return mrkdwn(1) })}}, "no more than 10 items allowed", "/blocks/0/fields"},
		"section field 2001":    {arr{obj{"type": "section", "fields": arr{mrkdwn(1), mrkdwn(2001)}}}, "must be less than 2001 characters", "/blocks/0/fields/1/text"},
		"section accessory":     {arr{obj{"type": "section", "text": mrkdwn(1), "accessory": obj{"type": "plain_text_input"}}}, "unsupported type: plain_text_input", "/blocks/0/accessory/type"},
		"mrkdwn with emoji":     {arr{obj{"type": "section", "text": obj{"type": "mrkdwn", "text": "x", "emoji": true}}}, "invalid additional property: emoji", "/blocks/0/text"},
		"text is a string":      {arr{obj{"type": "section", "text": "x"}}, "must provide an object", "/blocks/0/text"},
		"context 11":            {arr{obj{"type": "context", "elements": many(11, func(int) any { return mrkdwn(1) })}}, "no more than 10 items allowed", "/blocks/0/elements"},
		"context none":          {arr{obj{"type": "context", "elements": arr{}}}, "no fewer than 1 items allowed", "/blocks/0/elements"},
		"context button":        {arr{obj{"type": "context", "elements": arr{buttonWith(nil)}}}, "unsupported type: button", "/blocks/0/elements/0/type"},
		"actions 26":            {arr{actionsOf(many(26, func(i int) any { return buttonWith(obj{"action_id": fmt.Sprint(i)}) })...)}, "no more than 25 items allowed", "/blocks/0/elements"},
		"unknown element":       {arr{actionsOf(obj{"type": "lever"})}, "unsupported type: lever", "/blocks/0/elements/0/type"},
		"action_id twice":       {arr{actionsOf(buttonWith(nil), buttonWith(nil))}, "`action_id` \"a\" already exists", "/blocks/0/elements/1/action_id"},
		"action_id 256":         {arr{actionsOf(buttonWith(obj{"action_id": long(256)}))}, "must be less than 256 characters", "/blocks/0/elements/0/action_id"},
		"button 76":             {arr{actionsOf(buttonWith(obj{"text": plain(76)}))}, "must be less than 76 characters", "/blocks/0/elements/0/text/text"},
		"button no text":        {arr{actionsOf(obj{"type": "button"})}, "missing required field: text", "/blocks/0/elements/0"},
		"button value 2001":     {arr{actionsOf(buttonWith(obj{"value": long(2001)}))}, "must be less than 2001 characters", "/blocks/0/elements/0/value"},
		"button url 3001":       {arr{actionsOf(buttonWith(obj{"url": long(3001)}))}, "must be less than 3001 characters", "/blocks/0/elements/0/url"},
		"button style":          {arr{actionsOf(buttonWith(obj{"style": "default"}))}, "must be a valid enum value", "/blocks/0/elements/0/style"},
		"button label 76":       {arr{actionsOf(buttonWith(obj{"accessibility_label": long(76)}))}, "must be less than 76 characters", "/blocks/0/elements/0/accessibility_label"},
		"confirm title 101":     {arr{actionsOf(buttonWith(obj{"confirm": confirm(obj{"title": plain(101)})}))}, "must be less than 101 characters", "/blocks/0/elements/0/confirm/title/text"},
		"confirm text 301":      {arr{actionsOf(buttonWith(obj{"confirm": confirm(obj{"text": mrkdwn(301)})}))}, "must be less than 301 characters", "/blocks/0/elements/0/confirm/text/text"},
		"confirm button 31":     {arr{actionsOf(buttonWith(obj{"confirm": confirm(obj{"confirm": plain(31)})}))}, "must be less than 31 characters", "/blocks/0/elements/0/confirm/confirm/text"},
		"confirm deny 31":       {arr{actionsOf(buttonWith(obj{"confirm": confirm(obj{"deny": plain(31)})}))}, "must be less than 31 characters", "/blocks/0/elements/0/confirm/deny/text"},
		"101 options":           {arr{actionsOf(selectOf(obj{"options": many(101, opt)}))}, "no more than 100 items allowed", "/blocks/0/elements/0/options"},
		"no options":            {arr{actionsOf(selectOf(obj{"options": arr{}}))}, "no fewer than 1 items allowed", "/blocks/0/elements/0/options"},
		"101 groups":            {arr{actionsOf(obj{"type": "static_select", "option_groups": many(101, func(int) any { return obj{"label": plain(1), "options": many(1, opt)} })})}, "no more than 100 items allowed", "/blocks/0/elements/0/option_groups"},
		"options and groups":    {arr{actionsOf(selectOf(obj{"option_groups": arr{obj{"label": plain(1), "options": many(1, opt)}}}))}, "must provide exactly one of: options, option_groups", "/blocks/0/elements/0"},
		"option text 76":        {arr{actionsOf(selectOf(obj{"options": arr{obj{"text": plain(76), "value": "v"}}}))}, "must be less than 76 characters", "/blocks/0/elements/0/options/0/text/text"},
		"option value 76":       {arr{actionsOf(selectOf(obj{"options": arr{obj{"text": plain(1), "value": long(76)}}}))}, "must be less than 76 characters", "/blocks/0/elements/0/options/0/value"},
		"option description 76": {arr{actionsOf(selectOf(obj{"options": arr{obj{"text": plain(1), "value": "v", "description": plain(76)}}}))}, "must be less than 76 characters", "/blocks/0/elements/0/options/0/description/text"},
		"option twice":          {arr{actionsOf(selectOf(obj{"options": arr{opt(1), opt(1)}}))}, "option values must be unique: v1", "/blocks/0/elements/0/options/1/value"},
		"initial_option":        {arr{actionsOf(selectOf(obj{"initial_option": opt(9)}))}, "initial_option must exactly match one of the provided options", "/blocks/0/elements/0/initial_option"},
		"placeholder 151":       {arr{actionsOf(selectOf(obj{"placeholder": plain(151)}))}, "must be less than 151 characters", "/blocks/0/elements/0/placeholder/text"},
		"overflow 6":            {arr{actionsOf(obj{"type": "overflow", "options": many(6, opt)})}, "no more than 5 items allowed", "/blocks/0/elements/0/options"},
		"checkboxes 11":         {arr{actionsOf(obj{"type": "checkboxes", "options": many(11, opt)})}, "no more than 10 items allowed", "/blocks/0/elements/0/options"},
		"radio 11":              {arr{actionsOf(obj{"type": "radio_buttons", "options": many(11, opt)})}, "no more than 10 items allowed", "/blocks/0/elements/0/options"},
		"date":                  {arr{actionsOf(obj{"type": "datepicker", "initial_date": "2026-13-01"})}, "must be of the form YYYY-MM-DD", "/blocks/0/elements/0/initial_date"},
		"time":                  {arr{actionsOf(obj{"type": "timepicker", "initial_time": "24:00"})}, "must be of the form HH:mm", "/blocks/0/elements/0/initial_time"},
		"image alt 2001":        {arr{obj{"type": "image", "image_url": "https://example.com/x.png", "alt_text": long(2001)}}, "must be less than 2001 characters", "/blocks/0/alt_text"},
		"image no source":       {arr{obj{"type": "image", "alt_text": "x"}}, "must provide exactly one of: image_url, slack_file", "/blocks/0"},
		"markdown 12001":        {arr{obj{"type": "markdown", "text": long(12001)}}, "must be less than 12001 characters", "/blocks/0/text"},
		"markdown together":     {arr{obj{"type": "markdown", "text": long(6001)}, obj{"type": "markdown", "text": long(6000)}}, "markdown blocks must have less than 12001 characters", "/blocks"},
		"table 101 rows":        {arr{table(101, 1)}, "no more than 100 items allowed", "/blocks/0/rows"},
		"table 21 cells":        {arr{table(1, 21)}, "no more than 20 items allowed", "/blocks/0/rows/0"},
		"table 10001 chars":     {arr{obj{"type": "table", "rows": arr{arr{cell(5000), cell(5001)}}}}, "must be less than 10001 characters", "/blocks/0/rows"},
		"table align":           {arr{obj{"type": "table", "rows": arr{arr{cell(1)}}, "column_settings": arr{obj{"align": ""}}}}, "must be a valid enum value", "/blocks/0/column_settings/0/align"},
		"table 21 settings":     {arr{obj{"type": "table", "rows": arr{arr{cell(1)}}, "column_settings": many(21, func(int) any { return nil })}}, "no more than 20 items allowed", "/blocks/0/column_settings"},
		"raw_number text":       {arr{obj{"type": "table", "rows": arr{arr{obj{"type": "raw_number", "value": 1}}}}}, "missing required field: text", "/blocks/0/rows/0/0"},
		"raw_number value":      {arr{obj{"type": "table", "rows": arr{arr{obj{"type": "raw_number", "text": "1"}}}}}, "missing required field: value", "/blocks/0/rows/0/0"},
		"data_table one row":    {arr{obj{"type": "data_table", "caption": "c", "rows": arr{arr{cell(1)}}}}, "no fewer than 2 items allowed", "/blocks/0/rows"},
		"data_table 202 rows":   {arr{obj{"type": "data_table", "caption": "c", "rows": many(202, func(int) any { return arr{cell(1)} })}}, "no more than 201 items allowed", "/blocks/0/rows"},
		"data_table caption":    {arr{obj{"type": "data_table", "rows": many(2, func(int) any { return arr{cell(1)} })}}, "missing required field: caption", "/blocks/0"},
		"data_table page":       {arr{obj{"type": "data_table", "caption": "c", "page_size": 101, "rows": many(2, func(int) any { return arr{cell(1)} })}}, "must be less than 101", "/blocks/0/page_size"},
		"data_table heading":    {arr{obj{"type": "data_table", "caption": "c", "rows": arr{arr{richText("x")}, arr{cell(1)}}}}, "unsupported type: rich_text", "/blocks/0/rows/0/0/type"},
		"plan twice":            {arr{obj{"type": "plan", "title": "p"}, obj{"type": "plan", "title": "q"}}, "only one plan block allowed", "/blocks"},
		"task completed":        {arr{task(obj{"status": "completed"})}, "must be a valid enum value", "/blocks/0/status"},
		"task in plan":          {arr{obj{"type": "plan", "title": "p", "tasks": arr{task(obj{"details": "text"})}}}, "must provide an object", "/blocks/0/tasks/0/details"},
		"rich text element":     {arr{obj{"type": "rich_text", "elements": arr{obj{"type": "text", "text": "x"}}}}, "unsupported type: text", "/blocks/0/elements/0/type"},
		"rich text empty":       {arr{richText("")}, "must be more than 0 characters", "/blocks/0/elements/0/elements/0/text"},
		"alert in a message":    {arr{obj{"type": "alert", "text": plain(1)}}, "unsupported type: alert", "/blocks/0/type"},
	}
}

func TestRefusedBlocks(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates = true })
	for name, tt := range refusedBlocks() {
		t.Run(name, func(t *testing.T) {
			a := call(t, s, "chat.postMessage", map[string]string{"channel": "C1OPS", "text": "x", "blocks": encoded(t, tt.blocks)})
			if a.err() != "invalid_blocks" {
				t.Fatalf("error %q, want invalid_blocks", a.err())
			}
			for line := range strings.Lines(a.problems()) {
				line = strings.TrimSpace(line)
				if strings.HasPrefix(line, "[ERROR] "+tt.reason) && strings.HasSuffix(line, " [json-pointer:"+tt.at+"]") {
					return
				}
			}
			t.Errorf("want %q at %s, got\n%s", tt.reason, tt.at, a.problems())
		})
	}
	if n := len(s.Messages("C1OPS")); n != 0 {
		t.Errorf("%d messages were posted all the same", n)
	}
}

// TestAcceptedBlocks is the other side: everything right at its limit.
func TestAcceptedBlocks(t *testing.T) {
	s := start(t, func(c *slacksim.Config) { c.Limits.NoRates = true })
	long := func(n int) string { return strings.Repeat("ä", n) }
	for name, blocks := range map[string]arr{
		"50 blocks": many(50, func(int) any { return section() }),
		"lengths": {
			obj{"type": "header", "text": plain(150), "block_id": long(255)},
			obj{"type": "section", "text": mrkdwn(3000), "fields": many(10, func(int) any { return mrkdwn(2000) })},
			obj{"type": "context", "elements": many(10, func(int) any { return mrkdwn(1) })},
			obj{"type": "image", "image_url": "https://example.com/x.png", "alt_text": long(2000)},
			obj{"type": "markdown", "text": long(12000)},
		},
		"elements": {
			actionsOf(many(25, func(i int) any {
				return buttonWith(obj{"action_id": fmt.Sprint(i), "text": plain(75), "value": long(2000)})
			})...),
			actionsOf(buttonWith(obj{"action_id": "0"})), // the same action_id in another block
			actionsOf(selectOf(obj{"options": many(100, opt), "initial_option": opt(99)}), obj{"type": "overflow", "options": many(5, opt)},
				obj{"type": "checkboxes", "options": many(10, opt)}, obj{"type": "datepicker", "initial_date": "2026-12-31"},
				obj{"type": "timepicker", "initial_time": "23:59"}, obj{"type": "users_select"}, obj{"type": "multi_channels_select", "max_selected_items": 3}),
		},
		"table":      {obj{"type": "table", "rows": table(100, 20)["rows"], "column_settings": arr{nil, obj{"align": "right", "is_wrapped": true}}}},
		"data_table": {obj{"type": "data_table", "caption": "c", "page_size": 100, "rows": many(201, func(int) any { return arr{cell(1)} })}},
		"plan":       {obj{"type": "plan", "title": "p", "tasks": arr{task(nil), task(obj{"status": "complete", "details": richText("x"), "output": richText("y")})}}},
		"rich text": {obj{"type": "rich_text", "elements": arr{
			obj{"type": "rich_text_list", "style": "bullet", "indent": 0, "border": 0, "offset": 0, "elements": arr{
				obj{"type": "rich_text_section", "elements": arr{obj{"type": "user", "user_id": "U1ANN"}, obj{"type": "text", "text": "x", "style": obj{"bold": true}}}}}},
			obj{"type": "rich_text_preformatted", "border": 0, "elements": arr{obj{"type": "text", "text": "code"}}},
		}}},
		"input in a message": {obj{"type": "input", "label": plain(2000), "element": obj{"type": "plain_text_input", "max_length": 3000}}},
	} {
		a := call(t, s, "chat.postMessage", map[string]string{"channel": "C1OPS", "text": "x", "blocks": encoded(t, blocks)})
		if a.err() != "" {
			t.Errorf("%s: %s\n%s", name, a.err(), a.problems())
		}
	}
}

func TestOneTablePerMessage(t *testing.T) {
	s := start(t)
	a := call(t, s, "chat.postMessage", map[string]string{"channel": "C1OPS", "blocks": encoded(t, arr{table(1, 1), table(1, 1)})})
	if a.err() != "invalid_attachments" || !strings.Contains(a.problems(), "only_one_table_allowed") {
		t.Errorf("got %s %s", a.err(), a.problems())
	}
	a = call(t, s, "chat.postMessage", map[string]string{"channel": "C1OPS", "text": "x", "blocks": "{"})
	if a.err() != "invalid_blocks_format" {
		t.Errorf("got %s", a.err())
	}
}

func TestIDsAreFilledIn(t *testing.T) {
	s := start(t)
	ts := post(t, s, map[string]string{"channel": "C1OPS", "text": "x", "blocks": encoded(t, arr{actionsOf(obj{"type": "button", "text": plain(1)})})})
	m, _ := s.Message("C1OPS", ts)
	var blocks []struct {
		ID       string `json:"block_id"`
		Elements []struct {
			ActionID string `json:"action_id"`
		}
	}
	must(t, json.Unmarshal(m.Blocks, &blocks))
	if blocks[0].ID == "" || blocks[0].Elements[0].ActionID == "" {
		t.Errorf("ids are missing: %s", m.Blocks)
	}
}
