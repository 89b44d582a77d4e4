package store

import (
	"context"
	"fmt"
)

// failures are the targets that count against a run's limit; the index targets_failed has them.
const failures = "state IN ('failed', 'unreachable', 'timed_out', 'interrupted')"

// withinLimit: no more targets of the run have failed than may; of a canary none may.
const withinLimit = ` AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = targets.run_id AND (targets.batch = 0 OR r.max_failures IS NOT NULL)
	AND (SELECT count(*) FROM targets AS f WHERE f.run_id = r.id AND f.` + failures + `) > CASE WHEN targets.batch = 0 THEN 0 ELSE r.max_failures END)`

// CountFailed is how many targets of a run count against its limit of failures.
func (s *Store) CountFailed(ctx context.Context, runID string) (failed int, err error) {
	if err := s.read.GetContext(ctx, &failed, "SELECT count(*) FROM targets WHERE run_id = ? AND "+failures, runID); err != nil {
		return 0, fmt.Errorf("count failures: %w", err)
	}
	return failed, nil
}
