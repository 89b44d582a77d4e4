package slacksim

// richTextBlock is also what plan cards and table cells hold.
func richTextBlock() check {
	section := obj(shape{"elements": need(list(0, 1000, of(richTextElements())))})
	preformatted := obj(shape{
		"elements": need(list(0, 1000, of(richTextElements().pick("text", "link")))),
		"border":   may(integer(0, 1)), "language": may(str(0, 50)),
	})
	return block(shape{"elements": need(list(0, 1000, of(kinds{
		"rich_text_section":      section,
		"rich_text_preformatted": preformatted,
		"rich_text_quote": obj(shape{
			"elements": need(list(0, 1000, of(richTextElements()))), "border": may(integer(0, 1)),
		}),
		"rich_text_list": obj(shape{
			"elements": need(list(1, 1000, of(kinds{
				"rich_text_section": section, "rich_text_preformatted": preformatted,
			}))),
			"style": need(enum("bullet", "ordered")), "indent": may(integer(0, 8)), "offset": may(integer(0, 1000)),
			"border": may(integer(0, 1)),
		}),
	})))})
}

// richTextElements are what stands in a line of rich text.
func richTextElements() kinds {
	styled := func(fields shape) check {
		return obj(with(shape{"style": may(textStyle())}, fields))
	}
	id := need(str(1, 255))
	return kinds{
		"text":      styled(shape{"text": need(str(1, 12_000))}),
		"link":      styled(shape{"url": need(str(1, 3000)), "text": may(str(0, 3000)), "unsafe": may(boolean)}),
		"user":      styled(shape{"user_id": id}),
		"usergroup": styled(shape{"usergroup_id": id}),
		"channel":   styled(shape{"channel_id": id}),
		"team":      styled(shape{"team_id": id}),
		"emoji": styled(shape{
			"name": need(str(1, 255)), "unicode": may(str(0, 255)), "url": may(str(0, 3000)), "skin_tone": may(integer(1, 6)),
		}),
		"broadcast": styled(shape{"range": need(enum("here", "channel", "everyone"))}),
		"color":     styled(shape{"value": need(str(1, 50))}),
		"date": styled(shape{
			"timestamp": need(integer(0, 1<<40)), "format": need(str(1, 255)), "url": may(str(0, 3000)),
			"fallback": may(str(0, 3000)), "timezone": may(str(0, 100)),
		}),
	}
}

func textStyle() check {
	fields := shape{}
	for _, name := range []string{"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"} {
		fields[name] = may(boolean)
	}
	return obj(fields)
}
