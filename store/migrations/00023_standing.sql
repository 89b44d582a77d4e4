-- +goose Up

-- A run that only asks: approved, it allows a revision of a schedule to run the action from then on, and runs nothing itself.
ALTER TABLE runs ADD COLUMN standing_schedule TEXT REFERENCES schedules (id);
ALTER TABLE runs ADD COLUMN standing_revision INTEGER CHECK ((standing_revision IS NULL) = (standing_schedule IS NULL));
CREATE INDEX runs_standing ON runs (standing_schedule) WHERE standing_schedule IS NOT NULL;
