package ssh

import "time"

// Limits are the times that a Client waits for. Zero means the default.
type Limits struct {
	Connect   time.Duration // name look-up and TCP connection; 5 s
	Login     time.Duration // SSH handshake and authentication; 10 s
	Start     time.Duration // until sudo has let the command begin; 15 s
	Command   time.Duration // a command that names no Timeout of its own; 5 min
	Stop      time.Duration // until a stopped command confirms its end; 8 s
	Linger    time.Duration // silence after which output held open by a background process is given up; 1 s
	KeepAlive time.Duration // between two signs of life; 15 s. Three missed ones close the connection
	Idle      time.Duration // how long a connection is kept after its last use; 5 min
	Output    int64         // bytes that a command may print before it is ended, detached ones excepted; 1 GiB
}

// missedKeepAlives is how many signs of life may be missing in a row.
const missedKeepAlives = 3

func (l Limits) withDefaults() Limits {
	fill := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	fill(&l.Connect, 5*time.Second)
	fill(&l.Login, 10*time.Second)
	fill(&l.Start, 15*time.Second)
	fill(&l.Command, 5*time.Minute)
	fill(&l.Stop, 8*time.Second)
	fill(&l.Linger, time.Second)
	fill(&l.KeepAlive, 15*time.Second)
	fill(&l.Idle, 5*time.Minute)
	if l.Output <= 0 {
		l.Output = 1 << 30
	}
	return l
}
