package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"drover/executor/sshtest/sshd"
)

// The stories run the real binary against the local Slack and real OpenSSH servers.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"drover": main})
}

func TestStories(t *testing.T) {
	if err := sshd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	fleet := newFleet(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               func(env *testscript.Env) error { return setUp(env, fleet) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sshd": startSSHD, "stop-sshd": stopSSHD, "rekey": rekey, "sshd-with": sshdWith, "deaf": deaf, "mute": mute,
			"press": press, "told": told, "send": send, "shows": shows,
			"connected": connected, "away": away, "usergroup": usergroup, "eventually": eventually, "posted": posted,
			"slash": slash, "mention": mention, "click": click, "sql": sql, "channel": channel, "inject": inject, "said": said, "plain": plain,
			"secrets": secrets, "watch": watch, "kept": kept, "keeps": keeps,
			"card": card, "cards": cards, "edited": edited, "answer": answer, "await": await, "stands": stands, "terminate": terminate,
		},
	})
}
