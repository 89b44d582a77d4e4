package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"drover/executor"
)

// plainWriter keeps from a terminal what it would act upon or not show: the name of a Slack user, a note or the output of a
// server can hold a code that rewrites the lines above it. Such characters are spelled out as \u001b: in JSON that is the same
// text, for they stand inside strings only.
type plainWriter struct {
	to io.Writer

	mu   sync.Mutex // the log and the command write at the same time
	rest []byte     // what cannot be judged before more is written: a part of a character, or a carriage return
}

func (w *plainWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var plain bytes.Buffer
	all := slices.Concat(w.rest, text)
	for len(all) > 0 && utf8.FullRune(all) && !bytes.Equal(all, []byte("\r")) {
		r, size := utf8.DecodeRune(all) // what is not UTF-8 becomes U+FFFD
		if executor.Unseen(r) && !bytes.HasPrefix(all, []byte("\r\n")) {
			plain.WriteString(spellOut(r))
		} else {
			plain.WriteRune(r)
		}
		all = all[size:]
	}
	w.rest = bytes.Clone(all)
	if _, err := w.to.Write(plain.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

func spellOut(r rune) string {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
