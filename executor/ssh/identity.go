package ssh

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
)

// identity tells connections apart: what they lead to, as whom, with which secret, what
// the server must prove, and on which way. sudo's password is no part of it.
type identity [sha256.Size]byte

func identify(s Server) identity {
	h := sha256.New()
	put := func(texts ...string) {
		for _, text := range texts {
			_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // a hash never fails
			_, _ = io.WriteString(h, text)
		}
	}
	login := s.Login
	put(s.hostPort(), s.User, login.Password, string(login.PrivateKey), string(login.Certificate), login.AgentSocket)
	pins := slices.Clone(s.HostKeys)
	put(strconv.Itoa(len(pins)))
	put(pins...)
	if s.Jump != nil {
		way := identify(*s.Jump)
		put(string(way[:]))
	}
	return identity(h.Sum(nil))
}

// place is what a server's own sshd knows drover by, whatever it logs in with.
func place(s Server) string {
	text := s.hostPort()
	for jump := s.Jump; jump != nil; jump = jump.Jump {
		text += " via " + jump.hostPort()
	}
	return text
}
