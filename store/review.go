package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// remindEvery is how long a break-glass run waits for its review before it is asked for again.
const remindEvery = 24 * time.Hour

// createReviews records the messages that ask for the review of a break-glass run: one in its channel, and one for each
// of the people who are to know at once.
func (t *tx) createReviews(ctx context.Context, run Run, tell []Actor) error {
	if !run.Urgent {
		return nil
	}
	if err := t.createReview(ctx, run, "", run.Channel); err != nil {
		return err
	}
	return t.tellOfReview(ctx, run, "", tell)
}

// tellOfReview asks people for a review, each in the direct message with them.
func (t *tx) tellOfReview(ctx context.Context, run Run, prefix string, tell []Actor) error {
	for _, actor := range tell {
		_, user, _ := actor.Slack()
		if err := t.createReview(ctx, run, prefix+string(actor), user); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) createReview(ctx context.Context, run Run, key, channel string) error {
	if channel == "" {
		return nil
	}
	_, err := t.createMessage(ctx, Message{Owner: run.ID, Kind: MessageReview, Key: key, Channel: channel, WantedVersion: 1})
	return err
}

// Review notes that somebody has looked at a break-glass run. key is what Slack calls this delivery; a second one
// changes nothing and is no error. ErrTooLate: somebody has looked at it already, or it is none.
func (s *Store) Review(ctx context.Context, actor Actor, id, key string) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		reviewed, err := t.change(ctx, `UPDATE runs SET reviewed_by = ?, reviewed_at = ?, remind_at = NULL
			WHERE id = ? AND urgent = TRUE AND reviewed_at IS NULL`, actor, t.now, id)
		if err != nil {
			return err
		}
		duplicate, err := t.receive(ctx, key)
		switch {
		case err != nil, duplicate:
			return err
		case !reviewed:
			return ErrTooLate
		}
		if _, err := t.ExecContext(ctx, "UPDATE messages SET wanted_version = wanted_version + 1 WHERE owner = ? AND kind = 'review'", id); err != nil {
			return err
		}
		if err := t.touch(ctx, id); err != nil {
			return err
		}
		return t.auditRun(ctx, actor, "run.reviewed", id, nil)
	})
	if err != nil {
		return fmt.Errorf("review a run: %w", err)
	}
	return nil
}

const selectDueReviews = "SELECT * FROM runs WHERE remind_at <= ?"

// RemindReviews asks again, once a day, for the review of every break-glass run that nobody has looked at: in its channel,
// and the people who are to know of it, but for whoever ran it.
func (s *Store) RemindReviews(ctx context.Context, people func(context.Context) ([]Actor, error)) error {
	due := []Run{}
	if err := s.read.SelectContext(ctx, &due, selectDueReviews, s.Now()); err != nil || len(due) == 0 {
		return err
	}
	tell, err := people(ctx)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		for _, run := range due {
			others := slices.DeleteFunc(slices.Clone(tell), func(a Actor) bool { return a == run.RequestedBy })
			if err := t.remindReview(ctx, run, others); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) remindReview(ctx context.Context, run Run, tell []Actor) error {
	reminded, err := t.change(ctx, "UPDATE runs SET remind_at = ? WHERE id = ? AND remind_at = ?", t.now.Add(remindEvery), run.ID, run.RemindAt)
	if err != nil {
		return fmt.Errorf("remind of a review: %w", err)
	}
	if !reminded {
		return nil
	}
	key := "reminder/" + t.now.Format(time.DateTime)
	if err := t.createReview(ctx, run, key, run.Channel); err != nil {
		return err
	}
	return t.tellOfReview(ctx, run, key+"/", tell)
}

// AwaitingReviews lists the break-glass runs that nobody has looked at, the oldest first.
func (s *Store) AwaitingReviews(ctx context.Context) ([]Run, error) {
	return s.runs(ctx, " WHERE runs.remind_at IS NOT NULL ORDER BY runs.number")
}
