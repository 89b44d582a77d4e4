package store

import (
	"context"
	"fmt"
)

// Stage is the step of an occurrence that a run takes. It is to a schedule what an inbox key is to Slack: whoever comes
// again gets no second run.
type Stage struct {
	Occurrence Occurrence
	To         OccurrenceState // OccurrenceRunning or OccurrenceRebooting
}

// takeStage moves an occurrence on in the transaction of the run that it is for. It returns ErrTooLate when somebody
// else has, the window is over, the occurrence before still runs, or the schedule was paused or edited meanwhile.
func (t *tx) takeStage(ctx context.Context, stage Stage) error {
	o := stage.Occurrence
	m := move{
		event: "running", changes: "state = 'running', reason = '', began_at = :now",
		condition: `state = 'announced' AND begins_at <= :now AND cutoff_at > :now AND revision = :revision
			AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.schedule_id = occurrences.schedule_id AND o.state IN ('running', 'rebooting'))` + scheduleStands,
		values: map[string]any{"revision": o.Revision},
	}
	if stage.To == OccurrenceRebooting {
		m.event, m.changes = "rebooting", "state = 'rebooting'"
		m.condition = "state = 'running' AND cutoff_at > :now AND revision = :revision" + noOpenRun + scheduleStands
	}
	taken, err := t.moveOccurrence(ctx, Drover, o.ID, m)
	if err != nil {
		return fmt.Errorf("begin a run of schedule %s: %w", o.Schedule, err)
	}
	if !taken {
		return ErrTooLate
	}
	return nil
}

const scheduleStands = ` AND EXISTS (SELECT 1 FROM schedules s WHERE s.id = occurrences.schedule_id
	AND s.revision = occurrences.revision AND s.paused_at IS NULL AND s.removed_at IS NULL)`
