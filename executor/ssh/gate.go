package ssh

import (
	"bytes"
	"io"
)

// maxPreface bounds what is kept of the words before the command begins.
const maxPreface = 16 << 10

// gate holds back what a stream says before the start mark (messages of login
// scripts, sudo's prompt), and lets everything after it through.
type gate struct {
	mark   []byte // the start mark with its line break
	prompt []byte // reported when seen before the start; nil: not looked for
	opened func() // called once
	asked  func() // called for each prompt
	out    io.Writer

	preface []byte
	scanned int // where the search for the next prompt begins
	open    bool
}

// Write never fails on its own account.
func (g *gate) Write(p []byte) (int, error) {
	if g.open {
		return g.out.Write(p)
	}
	g.preface = append(g.preface, p...)
	i := bytes.Index(g.preface, g.mark)
	g.lookForPrompts(i)
	if i < 0 {
		g.forget()
		return len(p), nil
	}
	g.open = true
	g.opened()
	if _, err := g.out.Write(g.preface[i+len(g.mark):]); err != nil {
		return 0, err
	}
	g.preface = g.preface[:i]
	return len(p), nil
}

func (g *gate) lookForPrompts(end int) {
	if end < 0 {
		end = len(g.preface)
	}
	for g.prompt != nil {
		i := bytes.Index(g.preface[g.scanned:end], g.prompt)
		if i < 0 {
			return
		}
		g.scanned += i + len(g.prompt)
		g.asked()
	}
}

// forget drops the oldest words when there are too many, never an unfinished mark.
func (g *gate) forget() {
	if extra := len(g.preface) - maxPreface; extra > 0 {
		g.preface = append(g.preface[:0], g.preface[extra:]...)
		g.scanned = max(0, g.scanned-extra)
	}
}
