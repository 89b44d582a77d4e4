// Package scheduler turns maintenance windows into runs.
//
// A Calendar says when a window opens, by the wall clock of its own time zone. A Scheduler looks at what is due, asks
// the engine for the runs, and tells people before and afterwards. It keeps nothing in memory: every step is a row.
package scheduler
