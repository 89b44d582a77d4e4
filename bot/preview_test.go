package bot

import (
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

func TestPreviews(t *testing.T) {
	ann := store.SlackActor("T1", "U1")
	ordered, down := plans()["ordered"], plans()["simple"]
	down.Approval = &executor.Approval{Needed: 1, By: []store.Actor{ann, store.SlackActor("T1", "U2")}}
	for name, p := range map[string]*executor.Preview{
		"allowed": {Plan: ordered, Role: store.Operator, Looks: true, Expected: &executor.Expected{Times: 12, Median: 42 * time.Second, Slowest: 130 * time.Second, All: 170 * time.Second}},
		"refused": {
			Plan: plans()["simple"], Role: store.Operator, Approvals: 2, Refusal: "You may not run `update` on web[1-3]: it needs the role operator. Nothing was run. Ask an admin for it.",
			Holders: []store.Holder{{Server: "web1", Run: 41, Action: "update", By: ann}, {Server: "web2", Run: 41, Action: "update", By: ann}, {Server: "web3", Run: 40, Action: "restart", By: "local:root"}},
		},
		"takes-down": {
			Plan: down, Role: store.Operator, Approvals: 1, TakesDown: true, Expected: &executor.Expected{Times: 1, Median: 9 * time.Second, Slowest: 9 * time.Second, All: 9 * time.Second},
			LastDown: []store.Past{{Server: "web2", Run: 12, Action: "reboot", By: ann, StartedAt: at(0), FinishedAt: at(time.Minute)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := renderPreview(p, "drover preview update all")
			golden(t, "preview-"+name, content{text: text})
		})
	}
}
