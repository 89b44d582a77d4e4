package ssh

import (
	"context"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// keepAlive closes the connection when the server has left missedKeepAlives signs of
// life in a row without an answer, and returns when ctx or the connection ends. A
// request to a frozen server blocks for ever, so it waits in a goroutine of its own,
// which the close ends.
func keepAlive(ctx context.Context, client *gossh.Client, every time.Duration) {
	var asking sync.WaitGroup
	defer asking.Wait()
	answers := make(chan error, 1)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	waiting, missed := false, 0
	for {
		select {
		case <-ctx.Done():
			client.Close()
			return
		case err := <-answers:
			waiting, missed = false, 0
			if err != nil {
				client.Close()
				return
			}
		case <-ticker.C:
			if waiting {
				if missed++; missed >= missedKeepAlives {
					client.Close()
					return
				}
				continue
			}
			waiting = true
			asking.Go(func() {
				_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
				answers <- err
			})
		}
	}
}
