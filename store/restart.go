package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Verify is how the end of a target's command is proven, beside its exit code.
type Verify string

// The proofs.
const (
	VerifyRebooted Verify = "rebooted" // another boot of the same machine
	VerifyDown     Verify = "down"     // silence
)

// SendTarget notes what a server said of itself before a command that takes it down, and that the command is about to be
// sent. It returns false when the lease is lost, the target is not dispatching or was sent before, or another target is
// the same machine, under another name or in another run, and was sent its command: twin then says which.
func (s *Store) SendTarget(ctx context.Context, lease Lease, target Target, before Host) (sent bool, twin string, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		sent, err = t.change(ctx, `UPDATE targets SET host_before = ?, machine_id = ?, sent_at = ?
			WHERE id = ? AND state = 'dispatching' AND sent_at IS NULL AND verify <> ''
			AND NOT EXISTS (SELECT 1 FROM targets AS o WHERE `+isTwin+`)`+leaseHeld,
			before, before.MachineID, t.now, target.ID, before.MachineID, lease.RunID, lease.Epoch)
		if err != nil {
			return err
		}
		if !sent {
			twin, err = t.twin(ctx, lease, target, before)
			return err
		}
		return t.auditRun(ctx, Drover, "target.sent", lease.RunID, detail{"server": target.Server, "boot": before.Boot, "machine_id": before.MachineID})
	})
	if err != nil {
		return false, "", fmt.Errorf("note that %s is about to be sent its command: %w", target.Server, err)
	}
	return sent, twin, nil
}

// isTwin: another target that is the same machine and has been sent its command, in the same run or still under way.
const isTwin = `o.machine_id = ? AND o.machine_id <> '' AND o.sent_at IS NOT NULL
	AND (o.run_id = ? OR o.state IN ('dispatching', 'running') OR o.probe_at IS NOT NULL)`

func (t *tx) twin(ctx context.Context, lease Lease, target Target, before Host) (string, error) {
	var twins []string
	err := t.SelectContext(ctx, &twins, `SELECT o.server || CASE WHEN o.run_id = ? THEN '' ELSE ' in #' || r.number END
		FROM targets o JOIN runs r ON r.id = o.run_id WHERE o.id <> ? AND `+isTwin, lease.RunID, target.ID, before.MachineID, lease.RunID)
	if err != nil || len(twins) == 0 {
		return "", err
	}
	return twins[0], nil
}

// NoteTarget says how a target that runs stands, in one line. What is said already is not said again.
func (s *Store) NoteTarget(ctx context.Context, lease Lease, id, summary string) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		noted, err := t.change(ctx, "UPDATE targets SET summary = ? WHERE id = ? AND state = 'running' AND summary <> ?"+leaseHeld, summary, id, summary, lease.Epoch)
		if err != nil || !noted {
			return err
		}
		return t.touch(ctx, lease.RunID)
	})
	if err != nil {
		return fmt.Errorf("note how a target stands: %w", err)
	}
	return nil
}

// wentDown: the target t was sent its command and its server went down, whether or not all ended well. Of the failures,
// these are the ones that nothing but a server that was away, or is another boot, leads to.
const wentDown = `t.sent_at IS NOT NULL AND (t.state = 'succeeded'
	OR t.state = 'failed' AND t.error_kind IN ('expected_unit', 'not_back', 'other_machine', 'host_key_changed', 'restarted'))`

// LastDown lists for servers when drover restarted them or switched them off for the last time, the latest first. What an
// action says today about its end does not count: it counts what was said when it ran.
func (s *Store) LastDown(ctx context.Context, serverIDs []string) ([]Past, error) {
	list := []Past{}
	if len(serverIDs) == 0 {
		return list, nil
	}
	query, args, err := sqlx.In(`SELECT server_id, server, number, action, requested_by, started_at, finished_at FROM (
			SELECT t.server_id, t.server, r.number, r.action, r.requested_by, t.started_at, t.finished_at, t.sent_at,
				row_number() OVER (PARTITION BY t.server_id ORDER BY t.sent_at DESC) AS nth
			FROM targets AS t JOIN runs AS r ON r.id = t.run_id WHERE t.server_id IN (?) AND `+wentDown+`
		) AS past WHERE nth = 1 ORDER BY sent_at DESC, server`, serverIDs)
	if err != nil {
		return nil, fmt.Errorf("look when servers were down: %w", err)
	}
	if err := s.read.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("look when servers were down: %w", err)
	}
	return list, nil
}

// Restart is a restart of a server by drover.
type Restart struct {
	ServerID string `db:"server_id"`
	Run      int    `db:"number"`
	Action   string `db:"action"`
	By       Actor  `db:"requested_by"`
	At       Time   `db:"sent_at"`
}

// LastRestarts are the latest restarts of servers by drover, by the servers' ids. One that drover never restarted is not
// among them.
func (s *Store) LastRestarts(ctx context.Context) (map[string]Restart, error) {
	var list []Restart
	err := s.read.SelectContext(ctx, &list, `SELECT server_id, sent_at, number, action, requested_by FROM (
			SELECT t.server_id, t.sent_at, r.number, r.action, r.requested_by,
				row_number() OVER (PARTITION BY t.server_id ORDER BY t.sent_at DESC) AS nth
			FROM targets AS t JOIN runs AS r ON r.id = t.run_id WHERE t.verify = 'rebooted' AND `+wentDown+`
		) AS past WHERE nth = 1`)
	if err != nil {
		return nil, fmt.Errorf("look for restarts: %w", err)
	}
	last := make(map[string]Restart, len(list))
	for _, r := range list {
		last[r.ServerID] = r
	}
	return last, nil
}
