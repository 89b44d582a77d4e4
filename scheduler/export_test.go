package scheduler

// OpeningsAfter are openings after a moment of the test's choice.
var OpeningsAfter = openingsAfter
