package sshtest

import (
	"context"
	"net"
	"time"
)

// slow is a connection over a long way: what is written arrives later, in order, and
// the writer does not wait for it.
type slow struct {
	net.Conn
	ctx     context.Context
	latency time.Duration
	onWay   chan parcel
}

type parcel struct {
	due   time.Time
	bytes []byte
}

// maxOnWay bounds what is on its way; then writers wait, as with a full window.
const maxOnWay = 256

func newSlow(ctx context.Context, nc net.Conn, latency time.Duration) *slow {
	return &slow{Conn: nc, ctx: ctx, latency: latency, onWay: make(chan parcel, maxOnWay)}
}

// Write sends p on its way.
func (s *slow) Write(p []byte) (int, error) {
	select {
	case s.onWay <- parcel{due: time.Now().Add(s.latency), bytes: append([]byte(nil), p...)}:
		return len(p), nil
	case <-s.ctx.Done():
		return 0, net.ErrClosed
	}
}

// deliver runs until the context ends.
func (s *slow) deliver() {
	for {
		select {
		case p := <-s.onWay:
			if !Wait(s.ctx, time.Until(p.due)) {
				return
			}
			if _, err := s.Conn.Write(p.bytes); err != nil {
				s.Conn.Close()
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}
