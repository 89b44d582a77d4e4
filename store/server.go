package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Server is one machine that drover looks after.
type Server struct {
	ID             string    `db:"id"              json:"id"`
	Name           string    `db:"name"            json:"name"`
	Address        string    `db:"address"         json:"address"`
	Port           int       `db:"port"            json:"port"`
	Platform       string    `db:"platform"        json:"platform"`
	LoginUser      string    `db:"login_user"      json:"user"`
	CredentialID   *string   `db:"credential_id"   json:"-"`
	Credential     string    `db:"credential"      json:"credential"`
	JumpID         *string   `db:"jump_id"         json:"-"`
	Jump           string    `db:"jump"            json:"jump"` // the name of the server through which it is reached; "": none
	Note           string    `db:"note"            json:"note"`
	DisabledReason string    `db:"disabled_reason" json:"disabled_reason"`
	OwnHost        bool      `db:"own_host"        json:"own_host"` // drover itself runs there: it is never restarted or switched off from here
	Facts          Strings   `db:"facts"           json:"facts"`
	FactsAt        *Time     `db:"facts_at"        json:"facts_at"`
	Host           Host      `db:"host"            json:"host"`
	HostAt         *Time     `db:"host_at"         json:"host_at"`
	CreatedAt      Time      `db:"created_at"      json:"created_at"`
	Tags           []string  `db:"-"               json:"tags"`
	HostKeys       []HostKey `db:"-"               json:"host_keys"`
	Through        *Server   `db:"-"               json:"-"` // the row of Jump, when it was read; nil: none
}

// HasTag says whether the server carries the tag.
func (s Server) HasTag(tag string) bool {
	for _, t := range s.Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// AddServer adds a server and its tags. It returns ErrExists when the name is taken.
func (s *Store) AddServer(ctx context.Context, actor Actor, server Server) error {
	id, err := newID()
	if err != nil {
		return err
	}
	server.ID = id
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		server.CreatedAt = t.now
		result, err := t.NamedExecContext(ctx, `INSERT INTO servers
			(id, name, address, port, platform, login_user, credential_id, jump_id, note, own_host, created_at)
			VALUES (:id, :name, :address, :port, :platform, :login_user, :credential_id, :jump_id, :note, :own_host, :created_at)
			ON CONFLICT (name) DO NOTHING`, server)
		if err != nil {
			return fmt.Errorf("add server %s: %w", server.Name, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return notAdded(err)
		}
		if err := t.setTags(ctx, id, server.Tags); err != nil {
			return err
		}
		return t.audit(ctx, actor, "server.added", "server/"+server.Name, server.detail())
	})
}

// notAdded is the error for an INSERT … DO NOTHING that did nothing.
func notAdded(err error) error {
	if err != nil {
		return err
	}
	return ErrExists
}

func (s Server) detail() detail {
	return detail{
		"address": s.Address, "port": s.Port, "platform": s.Platform, "user": s.LoginUser,
		"credential": s.Credential, "jump": s.Jump, "tags": slices.Compact(slices.Sorted(slices.Values(s.Tags))), "note": s.Note, "own_host": s.OwnHost,
	}
}

// differs tells what of a server is to be changed, as it is before.
func (t *tx) differs(ctx context.Context, server Server) (was detail, err error) {
	var before Server
	if err := t.GetContext(ctx, &before, selectServer+" WHERE s.name = ?", server.Name); err != nil {
		return nil, fmt.Errorf("edit server %s: %w", server.Name, found(err))
	}
	if err := t.SelectContext(ctx, &before.Tags, "SELECT tag FROM server_tags WHERE server_id = ?", before.ID); err != nil {
		return nil, fmt.Errorf("edit server %s: %w", server.Name, err)
	}
	was = before.detail()
	for field, value := range server.detail() {
		same := reflect.DeepEqual(was[field], value)
		switch field { // the names of these two may not be filled in
		case "credential":
			same = reflect.DeepEqual(before.CredentialID, server.CredentialID)
		case "jump":
			same = reflect.DeepEqual(before.JumpID, server.JumpID)
		}
		if same {
			delete(was, field)
		}
	}
	return was, nil
}

func (t *tx) setTags(ctx context.Context, id string, tags []string) error {
	if _, err := t.ExecContext(ctx, "DELETE FROM server_tags WHERE server_id = ?", id); err != nil {
		return fmt.Errorf("set tags: %w", err)
	}
	for _, tag := range tags {
		_, err := t.ExecContext(ctx, "INSERT INTO server_tags (server_id, tag) VALUES (?, ?) ON CONFLICT DO NOTHING", id, tag)
		if err != nil {
			return fmt.Errorf("set tags: %w", err)
		}
	}
	return nil
}

// EditServer replaces everything but the name, the pins and what was seen. A new address or port drops the pins and what
// the server said of itself: they belong to the machine that was there.
func (s *Store) EditServer(ctx context.Context, actor Actor, server Server) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		was, err := t.differs(ctx, server)
		if err != nil || len(was) == 0 {
			return err
		}
		moved, err := t.change(ctx, "DELETE FROM host_keys WHERE server_id = (SELECT id FROM servers WHERE name = ? AND (address <> ? OR port <> ?))",
			server.Name, server.Address, server.Port)
		if err != nil {
			return fmt.Errorf("edit server %s: %w", server.Name, err)
		}
		edited, err := t.change(ctx, `UPDATE servers SET address = ?, port = ?, platform = ?, login_user = ?, credential_id = ?, jump_id = ?, note = ?, own_host = ?,
			host = CASE WHEN address = ? AND port = ? THEN host ELSE '{}' END, host_at = CASE WHEN address = ? AND port = ? THEN host_at END WHERE name = ?`,
			server.Address, server.Port, server.Platform, server.LoginUser, server.CredentialID, server.JumpID, server.Note, server.OwnHost,
			server.Address, server.Port, server.Address, server.Port, server.Name)
		if err != nil {
			return fmt.Errorf("edit server %s: %w", server.Name, err)
		}
		if !edited {
			return ErrNotFound
		}
		if err := t.refuseLoop(ctx, server.ID); err != nil {
			return err
		}
		if err := t.setTags(ctx, server.ID, server.Tags); err != nil {
			return err
		}
		d := server.detail()
		d["was"], d["pins_dropped"] = was, moved
		return t.audit(ctx, actor, "server.edited", "server/"+server.Name, d)
	})
}

// RemoveServer forgets a server; the history of its runs stays. It returns ErrInUse while a run is under way on it, and
// ErrIsJump while others are reached through it.
func (s *Store) RemoveServer(ctx context.Context, actor Actor, name string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if err := t.refuseJump(ctx, name); err != nil {
			return err
		}
		removed, err := t.change(ctx, `DELETE FROM servers WHERE name = ? AND NOT EXISTS (SELECT 1 FROM targets
			WHERE server_id = servers.id AND state IN ('dispatching', 'running'))`, name)
		if err != nil {
			return fmt.Errorf("remove server %s: %w", name, err)
		}
		if !removed {
			return t.whyNot(ctx, "servers", name)
		}
		return t.audit(ctx, actor, "server.removed", "server/"+name, nil)
	})
}

// SetDisabled takes a server out of every plan for a reason, or, with an empty reason, puts it back.
func (s *Store) SetDisabled(ctx context.Context, actor Actor, name, reason string) error {
	event := "server.disabled"
	if reason == "" {
		event = "server.enabled"
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		changed, err := t.change(ctx, "UPDATE servers SET disabled_reason = ? WHERE name = ? AND disabled_reason <> ?", reason, name, reason)
		if err != nil {
			return fmt.Errorf("change server %s: %w", name, err)
		}
		if !changed {
			return t.exists(ctx, "servers", name)
		}
		return t.audit(ctx, actor, event, "server/"+name, detail{"reason": reason})
	})
}

const selectServer = `SELECT s.id, s.name, s.address, s.port, s.platform, s.login_user, s.credential_id, s.jump_id, s.note, s.disabled_reason, s.own_host,
	s.facts, s.facts_at, s.host, s.host_at, s.created_at, coalesce(c.name, '') AS credential, coalesce(j.name, '') AS jump
	FROM servers s LEFT JOIN credentials c ON c.id = s.credential_id LEFT JOIN servers j ON j.id = s.jump_id`

// Servers lists all servers by name, with tags and pins.
func (s *Store) Servers(ctx context.Context) ([]Server, error) {
	list := []Server{}
	if err := s.read.SelectContext(ctx, &list, selectServer+" ORDER BY s.name"); err != nil {
		return nil, fmt.Errorf("list servers: %w", err)
	}
	withJumps(list, list)
	return list, s.complete(ctx, list)
}

// ServerNamed returns one server, or ErrNotFound.
func (s *Store) ServerNamed(ctx context.Context, name string) (Server, error) {
	list := []Server{}
	if err := s.read.SelectContext(ctx, &list, selectServer+" WHERE s.name = ?", strings.ToLower(name)); err != nil {
		return Server{}, fmt.Errorf("server %s: %w", name, err)
	}
	if len(list) == 0 {
		return Server{}, fmt.Errorf("server %s: %w", name, ErrNotFound)
	}
	if list[0].JumpID != nil {
		all, err := s.Servers(ctx)
		if err != nil {
			return Server{}, err
		}
		withJumps(list, all)
	}
	err := s.complete(ctx, list)
	return list[0], err
}

// complete adds tags and pins to servers, in two queries however many there are.
func (s *Store) complete(ctx context.Context, servers []Server) error {
	byID := make(map[string]*Server, len(servers))
	for i := range servers {
		servers[i].Tags, servers[i].HostKeys = []string{}, []HostKey{}
		byID[servers[i].ID] = &servers[i]
	}
	var tags []struct {
		ServerID string `db:"server_id"`
		Tag      string `db:"tag"`
	}
	if err := s.read.SelectContext(ctx, &tags, "SELECT server_id, tag FROM server_tags ORDER BY tag"); err != nil {
		return fmt.Errorf("read tags: %w", err)
	}
	for _, t := range tags {
		if server := byID[t.ServerID]; server != nil {
			server.Tags = append(server.Tags, t.Tag)
		}
	}
	var pins []HostKey
	if err := s.read.SelectContext(ctx, &pins, "SELECT * FROM host_keys ORDER BY public_key"); err != nil {
		return fmt.Errorf("read host keys: %w", err)
	}
	for _, pin := range pins {
		if server := byID[pin.ServerID]; server != nil {
			server.HostKeys = append(server.HostKeys, pin)
		}
	}
	return nil
}
