package slacksim

import (
	"encoding/json"
	"fmt"
)

// surface is where blocks are shown.
type surface string

const (
	surfaceMessage surface = "message"
	surfaceModal   surface = "modal"
	surfaceHome    surface = "home"
)

// Blocks per surface.
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
)

// blockKit is the whole Block Kit, made once: which blocks each surface shows,
// and which elements send actions.
type blockKit struct {
	blocks      map[surface]kinds
	interactive kinds
}

func newBlockKit() *blockKit {
	k := &blockKit{blocks: map[surface]kinds{}, interactive: interactiveElements()}
	for _, where := range []surface{surfaceMessage, surfaceModal, surfaceHome} {
		k.blocks[where] = blocksOn(where)
	}
	return k
}

// readBlocks checks the blocks of a message and returns them with block_id and
// action_id filled in, or nil if there are none.
func (k *blockKit) readBlocks(raw string) (json.RawMessage, error) {
	var tree any
	if err := json.Unmarshal([]byte(raw), &tree); err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	list, ok := tree.([]any)
	if !ok {
		return nil, refuse("invalid_blocks_format")
	}
	c := k.checker(surfaceMessage)
	c.blockList("/blocks", list, maxMessageBlocks)
	switch {
	case len(c.problems) > 0:
		return nil, refuse("invalid_blocks", c.problems...)
	case c.count["table"] > 1:
		return nil, refuse("invalid_attachments", "only_one_table_allowed")
	case len(list) == 0:
		return nil, nil
	}
	k.fillIDs(list)
	return encode(list), nil
}

// checkView checks a view and returns its blocks with ids filled in.
func (k *blockKit) checkView(raw string, want surface) (json.RawMessage, error) {
	var view object
	if err := json.Unmarshal([]byte(raw), &view); err != nil {
		return nil, refuse("invalid_arguments", "must be a valid JSON object [json-pointer:/view]")
	}
	c := k.checker(want)
	if view["type"] != string(want) {
		c.problem("/view/type", "unsupported type: %v", view["type"])
	}
	viewShape(want)(c, "/view", view)
	list, _ := view["blocks"].([]any)
	c.blockList("/view/blocks", list, maxViewBlocks)
	if _, ok := view["submit"]; want == surfaceModal && c.count["input"] > 0 && !ok {
		c.problem("/view/blocks", "must define `submit` to use an `input` block in modals")
	}
	if len(c.problems) > 0 {
		return nil, refuse("invalid_arguments", append([]string{
			"failed to match all allowed schemas [json-pointer:/view]",
		}, c.problems...)...)
	}
	if list == nil {
		list = []any{}
	}
	k.fillIDs(list)
	return encode(list), nil
}

// viewShape is what a view may hold.
func viewShape(want surface) check {
	fields := shape{
		"blocks":           need(array),
		"private_metadata": may(str(0, 3000)),
		"callback_id":      may(str(0, 255)),
		"external_id":      may(str(0, 255)),
	}
	if want == surfaceModal {
		fields["title"] = need(plainText(24))
		fields["submit"] = may(plainText(24))
		fields["close"] = may(plainText(24))
		fields["clear_on_close"] = may(boolean)
		fields["notify_on_close"] = may(boolean)
		fields["submit_disabled"] = may(boolean)
	}
	return obj(fields)
}

// blockList checks blocks, and what holds for all of them together.
func (c *checker) blockList(at string, list []any, most int) {
	if len(list) > most {
		c.problem(at, "no more than %d items allowed", most)
	}
	seen := map[string]bool{}
	markdown := 0
	for i, v := range list {
		here := fmt.Sprintf("%s/%d", at, i)
		c.union(here, v, c.blocks)
		b, _ := v.(object)
		kind, _ := b["type"].(string)
		c.count[kind]++
		if id, ok := b["block_id"].(string); ok {
			if seen[id] {
				c.problem(here+"/block_id", "`block_id` %q already exists", id)
			}
			seen[id] = true
		}
		c.uniqueActions(here, b)
		if text, ok := b["text"].(string); ok && kind == "markdown" {
			markdown += len([]rune(text))
		}
	}
	if markdown > maxMarkdown {
		c.problem(at, "markdown blocks must have less than %d characters together", maxMarkdown+1)
	}
	if c.count["plan"] > 1 {
		c.problem(at, "only one plan block allowed")
	}
	if c.focused > 1 {
		c.problem(at, "only one element may have focus_on_load")
	}
}

// uniqueActions refuses the same action_id twice in one block.
func (c *checker) uniqueActions(at string, b object) {
	elements, _ := b["elements"].([]any)
	seen := map[string]bool{}
	for i, v := range elements {
		e, _ := v.(object)
		id, ok := e["action_id"].(string)
		if !ok {
			continue
		}
		if seen[id] {
			c.problem(fmt.Sprintf("%s/elements/%d/action_id", at, i), "`action_id` %q already exists", id)
		}
		seen[id] = true
	}
}

// fillIDs gives every block a block_id and every interactive element an
// action_id, as Slack does.
func (k *blockKit) fillIDs(list []any) {
	for _, v := range list {
		b, _ := v.(object)
		if _, ok := b["block_id"].(string); !ok {
			b["block_id"] = newSecret()[:5]
		}
		for _, name := range []string{"accessory", "element"} {
			k.fillActionID(b[name])
		}
		elements, _ := b["elements"].([]any)
		for _, e := range elements {
			k.fillActionID(e)
		}
	}
}

func (k *blockKit) fillActionID(v any) {
	e, ok := v.(object)
	if !ok {
		return
	}
	kind, _ := e["type"].(string)
	_, sends := k.interactive[kind]
	if _, ok := e["action_id"].(string); !ok && sends {
		e["action_id"] = newSecret()[:5]
	}
}

// isRichText reports whether a message consists of rich text, as what people
// type does: it can only be replaced by rich text.
func isRichText(blocks json.RawMessage) bool {
	var list []struct{ Type string }
	return json.Unmarshal(blocks, &list) == nil && len(list) > 0 && list[0].Type == "rich_text"
}
