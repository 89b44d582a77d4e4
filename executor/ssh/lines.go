package ssh

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

const (
	// maxLine is where a line without end is cut, so that it cannot fill the memory.
	maxLine = 64 << 10
	// minOverlap is how much of a cut line is looked at again together with what follows.
	minOverlap = 4 << 10
)

// lines turns the bytes of one stream into clean lines without secrets. What it puts
// out depends on the bytes alone, not on the pieces in which they came: it works on
// whole lines, and cuts an endless one always at the same place.
type lines struct {
	redactor *redactor
	marks    map[string]func() // a line that ends with one is drover's own; the function is called for it
	sink     func(text []byte) // gets what one Write has brought to light

	ready []byte // clean text for the sink
	raw   []byte // of the line that has not ended
	carry []byte // clean, of a cut line, not put out yet
	cut   bool   // the line was cut before
	key   bool   // inside a private key
}

// Write never fails.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for looked := false; len(p) > 0; {
		if !looked && !l.within() {
			looked = true
			whole := bytes.LastIndexByte(p, '\n') + 1
			if l.harmless(p[:whole]) {
				l.ready = append(l.ready, p[:whole]...)
				p = p[whole:]
				continue
			}
		}
		room := min(len(p), maxLine-len(l.raw))
		if i := bytes.IndexByte(p[:room], '\n'); i >= 0 {
			l.raw = append(l.raw, p[:i]...)
			l.end(true)
			p = p[i+1:]
			continue
		}
		l.raw = append(l.raw, p[:room]...)
		p = p[room:]
		if len(l.raw) == maxLine {
			l.split()
		}
	}
	l.flush()
	return n, nil
}

// within says whether what comes next depends on what came before.
func (l *lines) within() bool { return len(l.raw) > 0 || l.cut || l.key }

// harmless says that nothing is to be done about any of these whole lines. To look at them together is ten times as fast.
func (l *lines) harmless(block []byte) bool {
	for mark := range l.marks {
		if bytes.Contains(block, []byte(mark)) {
			return false
		}
	}
	return plainLines(block) && !bytes.Contains(block, []byte(keyMark)) && !l.redactor.suspects(block)
}

// Close puts out a last line that has no end.
func (l *lines) Close() {
	if len(l.raw) > 0 || len(l.carry) > 0 {
		l.end(false)
	}
	l.flush()
}

func (l *lines) flush() {
	if len(l.ready) > 0 {
		l.sink(l.ready)
		l.ready = l.ready[:0]
	}
}

// end puts out a whole line, or the rest of a cut one.
func (l *lines) end(newline bool) {
	clean := l.clean(l.raw)
	if len(l.carry) > 0 {
		clean = slices.Concat(l.carry, clean)
	}
	l.raw, l.carry = l.raw[:0], nil
	if mark := l.mark(clean); mark != "" {
		l.marks[mark]()
		clean = clean[:len(clean)-len(mark)]
		if len(clean) == 0 && !l.cut {
			return
		}
	}
	show := l.emit(clean)
	if newline && (show || l.cut) {
		l.ready = append(l.ready, '\n')
	}
	l.cut = false
}

// clean returns the line itself when it is plain.
func (l *lines) clean(line []byte) []byte {
	if plain(line) {
		return line
	}
	return []byte(cleanLine(string(line)))
}

func (l *lines) mark(line []byte) string {
	for mark := range l.marks {
		if bytes.HasSuffix(line, []byte(mark)) {
			return mark
		}
	}
	return ""
}

// split puts out the front of a line that is too long. Its end stays for the next
// look, with a secret that touches it and with a character that it cuts in two.
func (l *lines) split() {
	keep := len(l.raw)
	for i := 1; i < utf8.UTFMax && i < len(l.raw); i++ {
		if b := l.raw[len(l.raw)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(l.raw[len(l.raw)-i:]) {
				keep = len(l.raw) - i
			}
			break
		}
	}
	clean := slices.Concat(l.carry, l.clean(l.raw[:keep]))
	l.raw = append(l.raw[:0], l.raw[keep:]...)
	at := max(0, len(clean)-max(minOverlap, 2*l.redactor.longest))
	for _, s := range l.redactor.spans(clean) {
		if s.from < at && at < s.to {
			at = s.to
		}
	}
	for at > 0 && at < len(clean) && !utf8.RuneStart(clean[at]) {
		at--
	}
	l.emit(clean[:at])
	l.carry = append([]byte(nil), clean[at:]...)
	l.cut = true
}

// emit puts out text without its secrets. It says false for a line that lies wholly
// inside a private key.
func (l *lines) emit(text []byte) bool {
	if l.key {
		if m := keyEnd.FindIndex(text); m != nil {
			l.key = false
			return m[1] < len(text) && l.emit(text[m[1]:])
		}
		return false
	}
	if !bytes.Contains(text, []byte(keyMark)) {
		l.hide(text)
		return true
	}
	m := keyBegin.FindIndex(text)
	if m == nil {
		l.hide(text)
		return true
	}
	l.hide(text[:m[0]])
	l.ready = append(l.ready, redacted...)
	l.key = true
	l.emit(text[m[1]:])
	return true
}

func (l *lines) hide(text []byte) {
	from := 0
	for _, s := range l.redactor.spans(text) {
		l.ready = append(l.ready, text[from:s.from]...)
		l.ready = append(l.ready, redacted...)
		from = s.to
	}
	l.ready = append(l.ready, text[from:]...)
}
