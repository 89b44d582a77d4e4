package slacksim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Lengths of message text in code points, and the size of metadata.
const (
	maxText       = 40_000 // longer is cut off
	maxUpdateText = 4_000  // chat.update refuses longer
	maxMarkdown   = 12_000
	maxMetadata   = 8 << 10
)

// content is what a message says, from whichever door it came in.
type content struct {
	text        string
	blocks      json.RawMessage // with block_id and action_id filled in
	attachments json.RawMessage
	metadata    json.RawMessage
	hasBlocks   bool // blocks were given, be it []
	hasMetadata bool // metadata was given, be it {}
}

// readContent checks the content of a message.
func (k *blockKit) readContent(args map[string]string) (content, error) {
	c := content{text: args["text"]}
	if err := c.readMarkdown(args["markdown_text"], args); err != nil {
		return c, err
	}
	if raw, ok := args["blocks"]; ok {
		c.hasBlocks = true
		blocks, err := k.readBlocks(raw)
		if err != nil {
			return c, err
		}
		c.blocks = blocks
	}
	if raw, ok := args["attachments"]; ok {
		attachments, err := k.readAttachments(raw)
		if err != nil {
			return c, err
		}
		c.attachments = attachments
	}
	if raw, ok := args["metadata"]; ok {
		metadata, err := readMetadata(raw)
		if err != nil {
			return c, err
		}
		c.hasMetadata, c.metadata = true, metadata
	}
	return c, nil
}

func (c *content) readMarkdown(markdown string, args map[string]string) error {
	if markdown == "" {
		return nil
	}
	if args["text"] != "" || args["blocks"] != "" {
		return refuse("markdown_text_conflict")
	}
	if utf8.RuneCountInString(markdown) > maxMarkdown {
		return refuse("msg_too_long")
	}
	c.text = markdown
	return nil
}

func (c content) empty() bool {
	return strings.TrimSpace(c.text) == "" && len(c.blocks) == 0 && len(c.attachments) == 0
}

// cutText shortens text as chat.postMessage does.
func cutText(text string) string {
	if utf8.RuneCountInString(text) <= maxText {
		return text
	}
	return string([]rune(text)[:maxText])
}

// readAttachments checks the number of attachments and the blocks inside them.
func (k *blockKit) readAttachments(raw string) (json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, refuse("invalid_attachments")
	}
	if len(list) > 100 {
		return nil, refuse("too_many_attachments")
	}
	for _, a := range list {
		if blocks, ok := a["blocks"]; ok {
			filled, err := k.readBlocks(string(blocks))
			if err != nil {
				return nil, err
			}
			a["blocks"] = filled
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return encode(list), nil
}

// readMetadata checks message metadata; {} stands for none.
func readMetadata(raw string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &fields); err != nil {
		return nil, refuse("metadata_must_be_sent_as_json")
	}
	if len(fields) == 0 {
		return nil, nil
	}
	var name string
	var payload map[string]json.RawMessage
	if json.Unmarshal(fields["event_type"], &name) != nil || name == "" {
		return nil, refuse("invalid_metadata_format", "missing required field: event_type [json-pointer:/metadata]")
	}
	if json.Unmarshal(fields["event_payload"], &payload) != nil || payload == nil {
		return nil, refuse("invalid_metadata_format", "missing required field: event_payload [json-pointer:/metadata]")
	}
	if len(raw) > maxMetadata {
		return nil, refuse("metadata_too_large")
	}
	return json.RawMessage(raw), nil
}
