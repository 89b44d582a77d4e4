package slacksim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	closeNormal    = websocket.CloseNormalClosure
	closeGoingAway = websocket.CloseGoingAway
	writeTimeout   = 5 * time.Second
	// closeWait bounds the wait for the peer's half of the close handshake.
	closeWait = 2 * time.Second
	// shortLife is the life of a connection opened with debug_reconnects=true.
	shortLife = 360 * time.Second
	// Reasons of disconnect that the server gives by itself.
	reasonWarning = "warning"
	reasonRefresh = "refresh_requested"
	reasonTooMany = "too_many_websockets"
)

// ticket is the right to open one connection.
type ticket struct{ issued time.Time }

// conn is one Socket Mode connection.
type conn struct {
	server *Server
	id     string
	ws     *websocket.Conn
	writes sync.Mutex    // one writer at a time, hello included
	gone   chan struct{} // closed when the reader has ended

	// guarded by Server.mu
	ready bool // hello was sent, no disconnect yet
}

func (s *Server) connectionsOpen(*request) (object, error) {
	secret := newSecret()
	s.tickets[secret] = ticket{issued: s.now()}
	query := url.Values{"ticket": {secret}, "app_id": {s.appID}}
	return object{"url": "ws" + s.base[len("http"):] + "/link/?" + query.Encode()}, nil
}

// useTicket spends a ticket; each opens one connection.
func (s *Server) useTicket(q url.Values) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.tickets[q.Get("ticket")]
	delete(s.tickets, q.Get("ticket"))
	return ok && q.Get("app_id") == s.appID
}

// serveLink upgrades a request with a ticket and reads the connection until it ends.
func (s *Server) serveLink(w http.ResponseWriter, r *http.Request) {
	if !s.useTicket(r.URL.Query()) {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{
		CheckOrigin:       func(*http.Request) bool { return true }, // slack-go sends https://api.slack.com
		EnableCompression: true,
		HandshakeTimeout:  writeTimeout,
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.cfg.Log.Info("refused a websocket", "error", err)
		return
	}
	// Answers are sent uncompressed and so in one frame: clients may choke on
	// fragments, and gorilla flushes a compressed message piece by piece.
	ws.EnableWriteCompression(false)
	c := &conn{server: s, id: newSecret()[:8], ws: ws, gone: make(chan struct{})}
	life := s.limits.ConnectionLife
	if r.URL.Query().Get("debug_reconnects") == "true" {
		life = shortLife
	}
	s.serveConn(c, life)
}

func (s *Server) serveConn(c *conn, life time.Duration) {
	defer c.ws.Close() // the peer may be gone already
	n, ok := s.addConn(c)
	defer close(c.gone)
	defer s.removeConn(c)
	if !ok {
		c.write(s.disconnectFrame(reasonTooMany))
		s.spawn(func() { c.end(closeNormal) })
		c.read()
		return
	}
	c.sayHello(n, life)
	s.spawn(func() { c.keepAlive(life) })
	c.read()
}

// sayHello sends hello as the first frame. The connection counts as ready
// before the client can have read it, so that nothing that the client does upon
// hello finds no connection; the write lock keeps envelopes behind it.
func (c *conn) sayHello(n int, life time.Duration) {
	s := c.server
	c.writes.Lock()
	defer c.writes.Unlock()
	s.mu.Lock()
	c.ready = true
	s.emit(Event{Kind: EventConnected, Name: c.id})
	s.mu.Unlock()
	c.writeLocked(object{
		"type": "hello", "num_connections": n, "connection_info": object{"app_id": s.appID},
		"debug_info": s.debugInfo(life),
	})
}

func (s *Server) debugInfo(life time.Duration) object {
	return object{
		"host": "applink-local", "started": s.started.UTC().Format("2006-01-02 15:04:05.000"), "build_number": 1,
		"approximate_connection_time": int(life.Seconds()),
	}
}

func (s *Server) disconnectFrame(reason string) object {
	return object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-local"}}
}

// addConn counts a connection in, unless there are enough already.
func (s *Server) addConn(c *conn) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.limits.Connections || s.closed || s.away {
		return len(s.conns), false
	}
	s.conns[c] = true
	return len(s.conns), true
}

func (s *Server) removeConn(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.conns[c] {
		return
	}
	delete(s.conns, c)
	c.ready = false
	s.emit(Event{Kind: EventDisconnected, Name: c.id})
}

// connections lists the open connections. The caller holds s.mu.
func (s *Server) connections() []*conn {
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

// write sends one JSON text frame.
func (c *conn) write(v any) bool {
	c.writes.Lock()
	defer c.writes.Unlock()
	return c.writeLocked(v)
}

func (c *conn) writeLocked(v any) bool {
	if err := c.ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return false
	}
	if err := c.ws.WriteMessage(websocket.TextMessage, encode(v)); err != nil {
		c.server.cfg.Log.Debug("write to a websocket", "error", err)
		return false
	}
	return true
}

// read takes acks until the connection ends. A TCP close without a close frame
// (1006) is what slack-go does on every reconnect, and as good as any other.
func (c *conn) read() {
	patience := 3 * c.server.limits.Ping
	extend := func(string) error { return c.ws.SetReadDeadline(time.Now().Add(patience)) }
	answerPing := c.ws.PingHandler()
	c.ws.SetPongHandler(extend)
	c.ws.SetPingHandler(func(data string) error {
		if err := extend(data); err != nil {
			return err
		}
		return answerPing(data)
	})
	for extend("") == nil {
		kind, data, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		if kind == websocket.TextMessage {
			c.server.takeAck(c, data)
		}
	}
}

// keepAlive pings, and asks for a new connection when this one is old.
func (c *conn) keepAlive(life time.Duration) {
	pings := time.NewTicker(c.server.limits.Ping)
	defer pings.Stop()
	old := time.NewTimer(max(life-c.server.limits.Grace, 0))
	defer old.Stop()
	for {
		select {
		case <-c.gone:
			return
		case <-c.server.done:
			return
		case <-old.C:
			c.server.spawn(func() { c.server.disconnect(c, reasonWarning) })
		case <-pings.C:
			deadline := time.Now().Add(writeTimeout)
			if c.ws.WriteControl(websocket.PingMessage, []byte("Ping from applink-local"), deadline) != nil {
				return
			}
		}
	}
}

// leave ends a connection that was told to disconnect, after some time if the
// reason allows it.
func (c *conn) leave(reason string) {
	if reason == reasonWarning || reason == reasonRefresh {
		grace := time.NewTimer(c.server.limits.Grace)
		defer grace.Stop()
		select {
		case <-c.gone:
		case <-c.server.done:
		case <-grace.C:
		}
	}
	c.end(closeNormal)
}

// end does the server's part of the close handshake and waits a little for the
// client's.
func (c *conn) end(code int) {
	message := websocket.FormatCloseMessage(code, "")
	if c.ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(writeTimeout)) == nil {
		timer := time.NewTimer(closeWait)
		defer timer.Stop()
		select {
		case <-c.gone:
		case <-timer.C:
		}
	}
	_ = c.ws.Close() // the reader reports nothing either
}

// Disconnect sends a disconnect to every connection: "warning" and
// "refresh_requested" leave Limits.Grace before the end, "link_disabled" and
// "too_many_websockets" end at once. No envelope goes to them any more. It
// returns when the frames are out.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	conns := s.connections()
	s.mu.Unlock()
	for _, c := range conns {
		s.disconnect(c, reason)
	}
}

// disconnect tells one client to go; once is enough.
func (s *Server) disconnect(c *conn, reason string) {
	s.mu.Lock()
	ready := c.ready
	c.ready = false
	s.mu.Unlock()
	if !ready {
		return
	}
	c.write(s.disconnectFrame(reason))
	s.spawn(func() { c.leave(reason) })
}

// DropConnections closes the TCP connection of every socket without a word.
func (s *Server) DropConnections() {
	s.mu.Lock()
	conns := s.connections()
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.ws.NetConn().Close() // a second close changes nothing
		<-c.gone
	}
}

// Connections is the number of open Socket Mode connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.conns {
		if c.ready {
			n++
		}
	}
	return n
}

// takeAck reads one frame from a client.
func (s *Server) takeAck(c *conn, data []byte) {
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	err := json.Unmarshal(data, &ack)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pending[ack.EnvelopeID]
	switch {
	case err != nil || ack.EnvelopeID == "":
		s.emit(Event{Kind: EventAckDropped, Name: "invalid"})
	case len(data) >= s.limits.AckBytes:
		s.emit(Event{Kind: EventAckDropped, Name: "too_big"})
	case p == nil:
		s.emit(Event{Kind: EventAckDropped, Name: "unknown_envelope"})
	default:
		delete(s.pending, ack.EnvelopeID)
		if !p.envelope.AcceptsResponse || isEmptyJSON(ack.Payload) {
			ack.Payload = nil
		}
		p.acked <- ack.Payload
		s.emitData(Event{Kind: EventAck, Name: p.envelope.Type}, object{
			"envelope_id": ack.EnvelopeID, "payload": ack.Payload, "connection": c.id,
		})
	}
}

// isEmptyJSON reports whether an ack payload says nothing; {} is what clients
// send for "no payload".
func isEmptyJSON(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "{}", `""`:
		return true
	}
	return false
}
