package executor_test

import (
	"testing"

	"drover/executor"
)

func TestDidYouMean(t *testing.T) {
	candidates := []string{"ping", "status", "update", "reboot", "restart-service", "web1", "web2", "db1"}
	for word, want := range map[string]string{
		"update":  " Did you mean `update`?",
		"updaet":  " Did you mean `update`?",
		"upd":     " Did you mean `update`?",
		"reboto":  " Did you mean `reboot`?",
		"restart": " Did you mean `restart-service`?",
		"pong":    " Did you mean `ping`?",
		"web3":    " Did you mean `web1`?", // the first of those that are equally near
		"dbb":     " Did you mean `db1`?",
		"mailbox": "",
		"x":       "",
		"":        "",
	} {
		if got := executor.DidYouMean(word, candidates); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	if got := executor.DidYouMean("update", nil); got != "" {
		t.Errorf("without candidates: %q", got)
	}
}
