package ssh

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

const (
	headSize = 64 << 10
	tailSize = 192 << 10
)

// capped keeps the first and the last part of a text, in constant memory.
type capped struct {
	head, tail []byte
	tailStart  int64 // bytes that have left the tail
	leftLines  int64 // line breaks among them
}

func (c *capped) add(text []byte) {
	if room := headSize - len(c.head); room > 0 && len(c.tail) == 0 {
		n := min(room, len(text))
		for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		c.head = append(c.head, text[:n]...)
		text = text[n:]
	}
	c.tail = append(c.tail, text...)
	if len(c.tail) >= 2*tailSize {
		c.drop(len(c.tail) - tailSize)
	}
}

func (c *capped) drop(n int) {
	c.leftLines += int64(bytes.Count(c.tail[:n], []byte{'\n'}))
	c.tailStart += int64(n)
	c.tail = append(c.tail[:0], c.tail[n:]...)
}

// text is what was kept, with a line that says what is missing between its parts.
func (c *capped) text() (text string, truncated bool) {
	if c.tailStart == 0 && len(c.tail) <= tailSize {
		return string(c.head) + string(c.tail), false
	}
	if n := len(c.tail) - tailSize; n > 0 {
		c.drop(n)
	}
	c.toLineStart()
	head := c.head
	if i := bytes.LastIndexByte(head, '\n'); i >= 0 && c.leftLines > 0 {
		head = head[:i]
	}
	return fmt.Sprintf("%s\n%s\n%s", head, c.omission(), c.tail), true
}

// toLineStart lets the tail begin with a whole line, or at least with a whole character.
func (c *capped) toLineStart() {
	if i := bytes.IndexByte(c.tail, '\n'); i >= 0 && i < len(c.tail)-1 {
		c.drop(i + 1)
		return
	}
	n := 0
	for n < len(c.tail) && !utf8.RuneStart(c.tail[n]) {
		n++
	}
	c.drop(n)
}

func (c *capped) omission() string {
	if c.leftLines == 0 {
		return fmt.Sprintf("… %s omitted …", humanize.IBytes(uint64(c.tailStart)))
	}
	return fmt.Sprintf("… %s lines omitted …", humanize.Comma(c.leftLines))
}
