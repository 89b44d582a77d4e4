package store_test

import "testing"

func TestADeliveryIsReceivedOnce(t *testing.T) {
	s := open(t)
	for _, key := range []string{"a", "b"} {
		want(t, false)(s.Receive(t.Context(), key))
		want(t, true)(s.Receive(t.Context(), key))
		want(t, true)(again(t, s).Receive(t.Context(), key))
	}
	for range 2 { // no key: not from Slack
		want(t, false)(s.Receive(t.Context(), ""))
	}
}
