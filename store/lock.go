package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Lock keeps changes of everybody but its owner off a server.
type Lock struct {
	ID        string `db:"id"         json:"id"` // the same for all servers that were locked with one another
	ServerID  string `db:"server_id"  json:"server_id"`
	Server    string `db:"server"     json:"server"`
	Owner     Actor  `db:"owner"      json:"owner"`
	Reason    string `db:"reason"     json:"reason"`
	Channel   string `db:"channel"    json:"-"` // where it was made; "": DROVER_CHANNEL
	CreatedAt Time   `db:"created_at" json:"created_at"`
	Until     Time   `db:"until"      json:"until"`
}

// LockedError is that somebody else has a lock on the server.
type LockedError struct{ Lock Lock }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is locked by %s", e.Lock.Server, e.Lock.Owner)
}

// LockWords puts locks of one owner into words for the channel: that they were made, or are over.
type LockWords func(locks []Lock) string

const selectLock = "SELECT locks.*, servers.name AS server FROM locks JOIN servers ON servers.id = locks.server_id"

// notLocked is the condition that a target may begin: nobody else has locked its server. What a schedule asks for is
// nobody's own, and what breaks the glass passes. A login counts as the Slack user that it belongs to.
const notLocked = ` AND NOT (changes = TRUE AND EXISTS (SELECT 1 FROM locks JOIN runs ON runs.id = targets.run_id
	WHERE locks.server_id = targets.server_id AND locks.until > ? AND runs.urgent = FALSE AND (runs.origin = 'schedule' OR locks.owner <>
	coalesce((SELECT actor FROM logins WHERE 'local:' || login = runs.requested_by), runs.requested_by))))`

// Locks lists the locks that hold now, those that were made with one another side by side.
func (s *Store) Locks(ctx context.Context) ([]Lock, error) {
	list := []Lock{}
	if err := s.read.SelectContext(ctx, &list, selectLock+" WHERE locks.until > ? ORDER BY locks.id, servers.name", s.Now()); err != nil {
		return nil, fmt.Errorf("list locks: %w", err)
	}
	return list, nil
}

// LockServers locks all of the servers, or none: the error is a *LockedError when somebody else has one. A lock that the owner has
// already gets another end and reason. made is told in the channel, and so is the end of what has ended by now.
func (s *Store) LockServers(ctx context.Context, actor Actor, lock Lock, servers []Server, made, ended LockWords) ([]Lock, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	var locks []Lock
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		if err := t.endLocks(ctx, ended); err != nil {
			return err
		}
		locks = nil
		for _, server := range servers {
			l := lock
			l.ID, l.ServerID, l.Server, l.CreatedAt = id, server.ID, server.Name, t.now
			if err := t.lock(ctx, actor, l); err != nil {
				return err
			}
			locks = append(locks, l)
		}
		return t.notify(ctx, Notice{Owner: "lock/" + id, Key: "made", Channel: lock.Channel, Text: made(locks)})
	})
	return locks, err
}

func (t *tx) lock(ctx context.Context, actor Actor, l Lock) error {
	result, err := t.NamedExecContext(ctx, `INSERT INTO locks (server_id, id, owner, reason, channel, created_at, until)
		VALUES (:server_id, :id, :owner, :reason, :channel, :created_at, :until)
		ON CONFLICT (server_id) DO UPDATE SET id = excluded.id, reason = excluded.reason, channel = excluded.channel,
		created_at = excluded.created_at, until = excluded.until WHERE locks.owner = excluded.owner`, l)
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.Server, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		var other Lock
		if err := t.GetContext(ctx, &other, selectLock+" WHERE locks.server_id = ?", l.ServerID); err != nil {
			return fmt.Errorf("lock %s: %w", l.Server, err)
		}
		return &LockedError{other}
	}
	return t.audit(ctx, actor, "server.locked", "server/"+l.Server, detail{"owner": l.Owner, "reason": l.Reason, "until": l.Until})
}

// UnlockServers takes the locks off the servers that have one, if may says so of each, and returns them. Their end is told where they were made.
func (s *Store) UnlockServers(ctx context.Context, actor Actor, servers []Server, may func(Lock) error, ended LockWords) ([]Lock, error) {
	var locks []Lock
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		locks = nil
		for _, server := range servers {
			var l Lock
			err := found(t.GetContext(ctx, &l, selectLock+" WHERE locks.server_id = ? AND locks.until > ?", server.ID, t.now))
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err == nil {
				err = may(l)
			}
			if err == nil {
				_, err = t.ExecContext(ctx, "DELETE FROM locks WHERE server_id = ? AND id = ?", l.ServerID, l.ID)
			}
			if err != nil {
				return fmt.Errorf("unlock %s: %w", server.Name, err)
			}
			if err := t.audit(ctx, actor, "server.unlocked", "server/"+l.Server, detail{"owner": l.Owner, "reason": l.Reason}); err != nil {
				return err
			}
			locks = append(locks, l)
		}
		return t.tellEnded(ctx, locks, ended)
	})
	return locks, err
}

// ExpireLocks ends the locks whose time is over: they have kept nobody off since. It is told where they were made.
func (s *Store) ExpireLocks(ctx context.Context, ended LockWords) error {
	var due int
	if err := s.read.GetContext(ctx, &due, "SELECT count(*) FROM locks WHERE until <= ?", s.Now()); err != nil || due == 0 {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error { return t.endLocks(ctx, ended) })
}

func (t *tx) endLocks(ctx context.Context, ended LockWords) error {
	var locks []Lock
	if err := t.SelectContext(ctx, &locks, selectLock+" WHERE locks.until <= ? ORDER BY locks.id, servers.name", t.now); err != nil {
		return fmt.Errorf("end locks: %w", err)
	}
	for _, l := range locks {
		if _, err := t.ExecContext(ctx, "DELETE FROM locks WHERE server_id = ?", l.ServerID); err != nil {
			return fmt.Errorf("end the lock of %s: %w", l.Server, err)
		}
		if err := t.audit(ctx, Drover, "server.lock_expired", "server/"+l.Server, detail{"owner": l.Owner, "reason": l.Reason}); err != nil {
			return err
		}
	}
	return t.tellEnded(ctx, locks, ended)
}

// tellEnded tells of the end of locks, those that were made with one another in one message.
func (t *tx) tellEnded(ctx context.Context, locks []Lock, ended LockWords) error {
	slices.SortStableFunc(locks, func(a, b Lock) int { return strings.Compare(a.ID, b.ID) })
	for len(locks) > 0 {
		n := 1
		for n < len(locks) && locks[n].ID == locks[0].ID {
			n++
		}
		first := locks[0]
		err := t.notify(ctx, Notice{
			Owner: "lock/" + first.ID, Key: "ended/" + first.ServerID, Channel: first.Channel, Text: ended(locks[:n]),
		})
		if err != nil {
			return err
		}
		locks = locks[n:]
	}
	return nil
}

// SkipHeld ends a pending target whose server is kept from being changed. It returns false when it is not pending.
func (s *Store) SkipHeld(ctx context.Context, lease Lease, id, why string) (skipped bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		skipped, err = t.endTargets(ctx, lease.RunID, TargetSkipped, why, `UPDATE targets SET state = 'skipped', summary = ?, finished_at = ?
			WHERE id = ? AND state = 'pending' AND changes = TRUE`+leaseHeld+" RETURNING server", why, t.now, id, lease.Epoch)
		if err != nil || !skipped {
			return err
		}
		return t.touch(ctx, lease.RunID)
	})
	if err != nil {
		return false, fmt.Errorf("skip a target whose server is held: %w", err)
	}
	return skipped, nil
}

// Busy is a run that is changing a server now.
type Busy struct {
	Number int    `db:"number"`
	Server string `db:"server"`
}

// BusyWith lists the runs that are changing locked servers, or may still be: a lock ends nothing that has begun.
func (s *Store) BusyWith(ctx context.Context, locks []Lock) ([]Busy, error) {
	var list []Busy
	for _, l := range locks {
		var runs []Busy
		err := s.read.SelectContext(ctx, &runs, `SELECT runs.number, targets.server FROM targets JOIN runs ON runs.id = targets.run_id
			WHERE targets.server_id = ? AND targets.changes = TRUE AND (targets.state IN ('dispatching', 'running') OR targets.probe_at IS NOT NULL)`, l.ServerID)
		if err != nil {
			return nil, fmt.Errorf("look who is changing %s: %w", l.Server, err)
		}
		list = append(list, runs...)
	}
	return list, nil
}
