// Package executor is the engine: the one path that every run takes, whatever its origin.
//
// A Request is resolved to a Plan, checked against the rights of the moment, and recorded. A worker claims the run,
// checks both again, and works its targets at the same time; each step is on disk before it is taken. What was under
// way when a worker died is marked, never run again.
package executor
