package store

import "errors"

// What a caller can tell apart. Everything else is a failure of the database itself.
var (
	// ErrNotFound: no such row.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name is taken.
	ErrExists = errors.New("exists already")
	// ErrInUse: another row refers to this one.
	ErrInUse = errors.New("in use")
	// ErrTooLate: it was taken already, or has expired.
	ErrTooLate = errors.New("too late")
	// ErrReadOnly: the store was opened by Inspect, which changes nothing.
	ErrReadOnly = errors.New("the database is open for looking at it only")
	// ErrLoop: the server would be reached through itself.
	ErrLoop = errors.New("a server cannot be reached through itself")
	// ErrIsJump: other servers are reached through this one.
	ErrIsJump = errors.New("it is the jump host")
	// ErrNewerSchema: the file was written by a newer drover.
	ErrNewerSchema = errors.New("this database was written by a newer drover: upgrade drover, or use the database of this version")
	// ErrLocked: another `drover serve` works on this file.
	ErrLocked = errors.New("another drover serve is working on this database: stop it first, or set DROVER_DB to another file")
	// ErrKeyLost: the database holds secrets, and the key file that opens them is gone.
	ErrKeyLost = errors.New("the key file is missing: restore it from your backup, or set DROVER_KEY_FILE to where it is")
	// ErrKeyWrong: the key file is not the one that this database was written with.
	ErrKeyWrong = errors.New("the key file does not belong to this database: set DROVER_KEY_FILE to the one it was made with")
	// ErrKeyOpen: others than its owner can read the key file.
	ErrKeyOpen = errors.New("the key file can be read by others: chmod 600 it")
	// ErrKeyOwner: the key file belongs to somebody else.
	ErrKeyOwner = errors.New("the key file belongs to another user, who can read and replace it: chown it to the one drover runs as")
	// ErrKeyForm: what is there is not a key file of drover's.
	ErrKeyForm = errors.New("this is not a key file of drover's: restore it from your backup, or set DROVER_KEY_FILE to where it is")
)
