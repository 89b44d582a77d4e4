package slacksim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// ErrClosed is returned by what waits on a server that was closed.
var ErrClosed = errors.New("the local Slack is closed")

// Server is one workspace with one app installed. New, Start, Close.
// All methods may be called from any goroutine.
type Server struct {
	cfg      Config
	limits   Limits
	manifest manifest
	kit      *blockKit
	methods  map[string]method

	appID, botID, botUser string
	appToken, botToken    string
	verification          string // the deprecated token in every payload
	started               time.Time

	listener net.Listener
	http     *http.Server
	base     string
	done     chan struct{}
	wg       sync.WaitGroup

	// mu guards all that follows. No network call is made under it.
	mu     sync.Mutex
	closed bool
	away   bool
	clock  tsClock

	users      map[string]*User
	userOrder  []string
	groups     map[string]*usergroup
	groupOrder []string

	channels     map[string]*channel
	channelOrder []string
	ephemerals   []*Message
	files        map[string]*file

	triggers     map[string]*trigger
	responseURLs map[string]*responseURL
	swept        time.Time // when expired ones were last thrown away
	views        map[string]*view
	modals       map[string][]string // user → ids of the open stack, root first
	homes        map[string]*view    // by user

	tickets   map[string]ticket
	conns     map[*conn]bool
	pending   map[string]*pending
	outbox    []*event
	outboxNew chan struct{}
	sent      []*event
	lastSent  *envelope

	faults  map[string][]*Fault
	rates   *rates
	calls   []Call
	callNum int

	seq         int64
	subscribers map[*subscriber]bool
	changed     chan struct{}
}

// New checks the manifest and builds the workspace: the bot user and nothing
// else. It fails for a manifest that Slack would refuse.
func New(cfg Config) (*Server, error) {
	m, err := parseManifest(cfg.Manifest)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, limits: cfg.Limits, manifest: m, started: cfg.Now(),
		appID: newID("A"), botID: newID("B"), botUser: newID("U"), verification: newSecret(),
		kit:   newBlockKit(),
		done:  make(chan struct{}),
		users: map[string]*User{}, groups: map[string]*usergroup{}, channels: map[string]*channel{},
		files: map[string]*file{}, triggers: map[string]*trigger{}, responseURLs: map[string]*responseURL{},
		views: map[string]*view{}, modals: map[string][]string{}, homes: map[string]*view{},
		tickets: map[string]ticket{}, conns: map[*conn]bool{}, pending: map[string]*pending{},
		outboxNew: make(chan struct{}, 1), faults: map[string][]*Fault{}, rates: newRates(cfg.Limits),
		subscribers: map[*subscriber]bool{}, changed: make(chan struct{}),
	}
	s.appToken = "xapp-1-" + s.appID + "-1000000000000-" + newSecret()
	s.botToken = "xoxb-10000000000-20000000000-" + newSecret()
	s.methods = s.allMethods()
	s.putUser(User{ID: s.botUser, Name: m.Features.BotUser.DisplayName, Bot: true})
	return s, nil
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	listener, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for Slack clients: %w", err)
	}
	if a, ok := listener.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("listen on %s: not a loopback address", listener.Addr()), listener.Close())
	}
	s.listener, s.base = listener, "http://"+listener.Addr().String()
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	s.spawn(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("serve Slack clients", "error", err)
		}
	})
	s.spawn(s.deliverEvents)
	return nil
}

// Close ends every connection and waits for all goroutines. It may be called
// more than once, and without Start.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.wg.Wait()
		return nil
	}
	s.closed = true
	close(s.done)
	conns := s.connections()
	s.mu.Unlock()

	for _, c := range conns {
		c.end(closeGoingAway)
	}
	var err error
	if s.http != nil {
		err = s.http.Close()
	}
	s.wg.Wait()
	if err != nil {
		return fmt.Errorf("close the local Slack: %w", err)
	}
	return nil
}

// spawn runs f in a goroutine that Close waits for. It reports false, and does
// not run f, once the server is closed.
func (s *Server) spawn(f func()) bool {
	if !s.enter() {
		return false
	}
	go func() {
		defer s.wg.Done()
		f()
	}()
	return true
}

// enter counts the caller among those that Close waits for; wg.Done leaves.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}

func (s *Server) now() time.Time { return s.cfg.Now() }

// pause waits for d of real time, or until ctx ends or the server closes.
func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

// APIURL is the base of the Web API with a trailing slash, as slack-go's
// OptionAPIURL wants it. It is known after Start.
func (s *Server) APIURL() string { return s.base + "/api/" }

// URL is scheme, host and port of the server. It is known after Start.
func (s *Server) URL() string { return s.base }

// AppToken is the app-level token (xapp-…) for Socket Mode.
func (s *Server) AppToken() string { return s.appToken }

// BotToken is the bot's token (xoxb-…) for the Web API.
func (s *Server) BotToken() string { return s.botToken }

// BotUserID is the user id of the app's bot.
func (s *Server) BotUserID() string { return s.botUser }

// AppID is the id of the installed app.
func (s *Server) AppID() string { return s.appID }

// Team is the workspace.
func (s *Server) Team() Team { return s.cfg.Team }
