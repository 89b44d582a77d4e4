package slacksim

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// blockID is the field that every block has.
func blockID() shape { return shape{"block_id": may(str(1, 255))} }

// block is a block with these fields and a block_id.
func block(fields shape) check { return obj(with(blockID(), fields)) }

// blocksOn are the blocks that one surface shows.
func blocksOn(where surface) kinds {
	all := kinds{}
	for kind, check := range allBlocks() {
		if !slices.Contains(notOn(kind), where) {
			all[kind] = check
		}
	}
	return all
}

// notOn are the surfaces that do not show a block.
func notOn(kind string) []surface {
	switch kind {
	case "alert":
		return []surface{surfaceMessage, surfaceHome}
	case "card", "carousel":
		return []surface{surfaceModal}
	case "context_actions", "markdown", "plan", "table", "task_card":
		return []surface{surfaceModal, surfaceHome}
	}
	return nil
}

func allBlocks() kinds {
	return kinds{
		"actions":         block(shape{"elements": need(list(1, 25, of(actionElements())))}),
		"alert":           block(shape{"text": need(anyText(3000)), "level": may(enum("default", "info", "warning", "error", "success"))}),
		"card":            cardBlock(),
		"carousel":        block(shape{"elements": need(list(1, 10, of(kinds{"card": cardBlock()})))}),
		"context":         block(shape{"elements": need(list(1, 10, of(contextElements())))}),
		"context_actions": block(shape{"elements": need(list(1, 5, of(contextActionElements())))}),
		"data_table":      dataTableBlock(),
		"divider":         block(shape{}),
		"header":          block(shape{"text": need(plainText(150)), "level": may(integer(1, 4))}),
		"image":           imageBlock(),
		"input":           inputBlock(),
		"markdown":        block(shape{"text": need(str(1, maxMarkdown))}),
		"plan":            block(shape{"title": need(str(1, 3000)), "tasks": may(list(0, 50, of(kinds{"task_card": taskCardBlock()})))}),
		"rich_text":       richTextBlock(),
		"section":         sectionBlock(),
		"table":           tableBlock(),
		"task_card":       taskCardBlock(),
	}
}

func sectionBlock() check {
	return also(block(shape{
		"text":      may(anyText(3000)),
		"fields":    may(list(1, 10, anyText(2000))),
		"accessory": may(of(accessoryElements())),
		"expand":    may(boolean),
	}), func(c *checker, at string, v any) {
		o, _ := v.(object)
		if o["text"] == nil && o["fields"] == nil {
			c.problem(at, "missing required field: text")
		}
	})
}

func inputBlock() check {
	return block(shape{
		"label":           need(plainText(2000)),
		"element":         need(of(inputElements())),
		"hint":            may(plainText(2000)),
		"optional":        may(boolean),
		"dispatch_action": may(boolean),
	})
}

func imageBlock() check {
	return also(block(with(imageFields(), shape{"title": may(plainText(2000))})), imageSource)
}

func cardBlock() check {
	return also(block(shape{
		"hero_image": may(imageElement()),
		"icon":       may(imageElement()),
		"title":      may(anyText(150)),
		"subtitle":   may(anyText(150)),
		"body":       may(anyText(200)),
		"subtext":    may(anyText(200)),
		"actions":    may(list(1, 25, of(kinds{"button": button()}))),
	}), func(c *checker, at string, v any) {
		o, _ := v.(object)
		if o["hero_image"] == nil && o["title"] == nil && o["body"] == nil && o["actions"] == nil {
			c.problem(at, "missing required field: title")
		}
	})
}

func taskCardBlock() check {
	return block(shape{
		"task_id":    need(str(1, 255)),
		"title":      need(str(1, 3000)),
		"status":     need(enum("pending", "in_progress", "complete", "error")),
		"details":    may(of(kinds{"rich_text": richTextBlock()})),
		"output":     may(of(kinds{"rich_text": richTextBlock()})),
		"sources":    may(list(0, 100, oneShape("url", shape{"url": need(str(1, 3000)), "text": need(str(1, 3000))}))),
		"hide_title": may(boolean),
	})
}

// tableBlock: 100 rows of 20 cells, 10 000 characters in all.
func tableBlock() check {
	setting := func(c *checker, at string, v any) {
		if v == nil {
			return // null skips a column
		}
		obj(shape{"align": may(enum("left", "center", "right")), "is_wrapped": may(boolean)})(c, at, v)
	}
	return also(block(shape{
		"rows":            need(list(1, 100, list(1, 20, of(cells())))),
		"column_settings": may(list(0, 20, setting)),
	}), cellText(10_000))
}

// dataTableBlock: a heading row of plain text and 1 to 200 rows.
func dataTableBlock() check {
	return also(block(shape{
		"rows":                    need(list(2, 201, list(1, 20, of(cells())))),
		"caption":                 need(str(1, 3000)),
		"page_size":               may(integer(1, 100)),
		"row_header_column_index": may(integer(0, 19)),
	}), also(cellText(20_000), headingRow))
}

func headingRow(c *checker, at string, v any) {
	o, _ := v.(object)
	rows, _ := o["rows"].([]any)
	if len(rows) == 0 {
		return
	}
	heading, _ := rows[0].([]any)
	for i, cell := range heading {
		if cell, _ := cell.(object); cell["type"] != "raw_text" {
			c.problem(fmt.Sprintf("%s/rows/0/%d/type", at, i), "unsupported type: %v", cell["type"])
		}
	}
}

func cells() kinds {
	return kinds{
		"raw_text":   obj(shape{"text": need(str(1, 10_000))}),
		"raw_number": obj(shape{"value": need(numeric), "text": need(str(1, 10_000))}),
		"rich_text":  richTextBlock(),
	}
}

// cellText bounds the text of all cells together.
func cellText(most int) check {
	return func(c *checker, at string, v any) {
		o, _ := v.(object)
		if n := textIn(o["rows"]); n > most {
			c.problem(at+"/rows", "must be less than %d characters", most+1)
		}
	}
}

// textIn counts the code points of all text fields in a tree.
func textIn(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += textIn(x)
		}
	case object:
		if text, ok := v["text"].(string); ok {
			n += utf8.RuneCountInString(text)
		}
		n += textIn(v["elements"])
	}
	return n
}
