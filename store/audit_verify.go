package store

import (
	"context"
	"crypto/hmac"
	"fmt"
	"strings"
)

// Verdict is what a look at the whole audit log found.
type Verdict struct {
	Entries int64    `json:"entries"` // that hang together, from the first on
	Head    Head     `json:"head"`    // the last of them
	Anchors int      `json:"anchors"` // that they agree with
	Fault   *Fault   `json:"fault"`   // the first thing that is wrong; nil: nothing is
	Notes   []string `json:"notes"`   // what is worth a look and proves nothing
}

// Fault is the first place where the log is not as drover wrote it.
type Fault struct {
	Seq  int64  `json:"seq"` // the entry
	At   *Time  `json:"at"`  // when it says that it was written; nil: there is no such entry
	What string `json:"what"`
}

// VerifyAudit reads the whole log and compares it with the anchors: those of the database, those in the file, and others
// that the caller has from elsewhere, whose hash may be shortened. It finds entries that were edited, removed, inserted
// or moved, and a tail that was cut off after the last anchor was made.
func (s *Store) VerifyAudit(ctx context.Context, elsewhere ...Anchor) (Verdict, error) {
	var v Verdict
	anchors, err := s.allAnchors(ctx, &v)
	if err != nil {
		return v, err
	}
	due := map[int64][]Anchor{}
	for _, a := range append(anchors, elsewhere...) {
		due[a.Seq] = append(due[a.Seq], a)
	}
	for e, err := range s.AuditEntries(ctx, lowestSeq) {
		if err != nil {
			return v, err
		}
		what := s.check(e, v.Head)
		if what == "" {
			what = v.agree(e, due[e.Seq])
		}
		if what != "" {
			v.Fault = &Fault{Seq: e.Seq, At: &e.At, What: what}
			return v, nil
		}
		v.Entries, v.Head = e.Seq, Head{Seq: e.Seq, Hash: e.Hash}
	}
	v.Fault = cutOff(v.Head, due)
	return v, nil
}

// lowestSeq is where a walk begins that is to find even what nobody numbers so.
const lowestSeq = -1 << 63

// allAnchors are those that drover knows of by itself.
func (s *Store) allAnchors(ctx context.Context, v *Verdict) ([]Anchor, error) {
	kept, err := s.Anchors(ctx)
	if err != nil {
		return nil, err
	}
	filed, bad, err := s.filedAnchors()
	if err != nil {
		return nil, err
	}
	for _, line := range bad {
		v.Notes = append(v.Notes, fmt.Sprintf("line %d of %s cannot be read", line, s.anchorFile))
	}
	lost := 0
	for _, a := range kept {
		if contains(filed, a) {
			continue
		}
		filed = append(filed, a)
		if a.Filed {
			lost++
		}
	}
	if lost > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%s lacks %d of the anchors that drover has written to it", s.anchorFile, lost))
	}
	return filed, nil
}

// check says what is wrong with an entry that stands after head; "" when nothing is.
func (s *Store) check(e AuditEntry, head Head) string {
	genuine := hmac.Equal([]byte(e.Hash), []byte(e.sum(s.keys.audit)))
	switch {
	case e.Seq < head.Seq+1:
		return "it was put before the first entry"
	case e.Seq == head.Seq+2:
		return fmt.Sprintf("entry %d, before it, was removed", head.Seq+1)
	case e.Seq > head.Seq+1:
		return fmt.Sprintf("entries %d to %d, before it, were removed", head.Seq+1, e.Seq-1)
	case !genuine && e.Prev != head.Hash:
		return "it was put here, moved or edited"
	case !genuine:
		return "it was edited"
	case e.Prev != head.Hash:
		return "it does not follow the entry before it: one of the two was put here from another copy of the log"
	}
	return ""
}

// agree compares an entry with the anchors that were made when it was the last.
func (v *Verdict) agree(e AuditEntry, anchors []Anchor) string {
	for _, a := range anchors {
		if !strings.HasPrefix(e.Hash, a.Hash) {
			return a.named() + " has another entry in its place: the log was written anew from there or before, or comes from another copy"
		}
		v.Anchors++
	}
	return ""
}

// cutOff finds the first anchor that lies beyond the end.
func cutOff(head Head, due map[int64][]Anchor) *Fault {
	var first *Anchor
	for seq, anchors := range due {
		if seq > head.Seq && (first == nil || seq < first.Seq) {
			first = &anchors[0]
		}
	}
	if first == nil {
		return nil
	}
	what := fmt.Sprintf("it is missing: %s saw entry %d, and the log ends at %d. Its end was cut off, or an older backup was restored",
		first.named(), first.Seq, head.Seq)
	return &Fault{Seq: head.Seq + 1, What: what}
}

func (a Anchor) named() string {
	if a.At.IsZero() {
		return "the given anchor"
	}
	return "the anchor of " + a.At.Format("2006-01-02 15:04 UTC")
}
