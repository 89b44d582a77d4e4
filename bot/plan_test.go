package bot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"drover/executor"
)

// planned is a plan for servers that all run one command, cut as the options say.
func planned(options executor.Options, command string, batches ...[]string) *executor.Plan {
	plan := &executor.Plan{Action: "update", Options: options}
	for i, batch := range batches {
		if options.Canary == 0 {
			i++
		}
		for _, server := range batch {
			plan.Targets = append(plan.Targets, executor.PlanTarget{Server: server, Command: command, Batch: i})
		}
	}
	return plan
}

func plans() map[string]*executor.Plan {
	simple := planned(executor.Options{}, "systemctl restart -- nginx", []string{"web1", "web2", "web3"})

	ordered := planned(executor.Options{Canary: 1, Batch: "2", MaxFailures: "1"}, "uptime", []string{"web1"}, []string{"web2", "web3"}, []string{"web4"})
	ordered.Excluded = []executor.Exclusion{
		{Server: "sw1", Reason: "update has no command for ios"},
		{Server: "web9", Reason: "its host key is not trusted yet (`drover server trust web9`)"},
	}
	ordered.Sudo = true
	var many [][]string
	for i := range 40 {
		many = append(many, []string{fmt.Sprintf("web%d", i+1)})
	}
	different := planned(executor.Options{}, "", []string{"web1", "web2", "sw1"})
	different.Targets[0].Command, different.Targets[1].Command, different.Targets[2].Command = "uptime", "uptime", "show version"

	long := planned(executor.Options{}, "/bin/sh -c '"+strings.Repeat("echo ````<!channel>````\n", 200)+"' drover", []string{"web1"})
	return map[string]*executor.Plan{
		"simple": simple, "ordered": ordered, "different": different, "long": long,
		"many-batches": planned(executor.Options{Batch: "1"}, "uptime", many...),
	}
}

func TestPlans(t *testing.T) {
	slack := newPoster(t)
	for name, plan := range plans() {
		t.Run(name, func(t *testing.T) {
			c := content{text: planText(plan, code("drover show 42 --plan"), 4000), blocks: renderPlan(plan, code("drover show 42 --plan"))}
			golden(t, "plan-"+name, c)
			if err := slack.accepted(onCard(c.blocks)); err != nil {
				t.Error(err)
			}
			if err := harmless(content{blocks: c.blocks}); err != nil {
				t.Error(err)
			}
		})
	}
}

// onCard puts blocks on a message as drover posts it.
func onCard(blocks []slack.Block) content {
	return content{text: "a plan", blocks: blocks, metadata: slack.SlackMetadata{EventType: cardEvent, EventPayload: map[string]any{"run": 42}}}
}

// TestAPlanShowsCommandsByteForByte: what is approved is what is read. What nobody could see is spelled out.
func TestAPlanShowsCommandsByteForByte(t *testing.T) {
	for _, command := range append(hostile, "printf '%s\\n' \"$service\"\n\n  two  spaces\t\n", "`id`", "a &amp; b && c <d >e") {
		want := spelled(command)
		if len([]rune(command)) > maxCommand {
			continue // it is shown in part, and says so: see the golden one
		}
		var got []string
		for _, block := range renderPlan(planned(executor.Options{}, command, []string{"web1"}), "x") {
			if rich, ok := block.(*slack.RichTextBlock); ok {
				text := rich.Elements[0].(*slack.RichTextPreformatted).Elements[0].(*slack.RichTextSectionTextElement)
				got = append(got, text.Text)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q is shown as %q", want, got)
		}
	}
}

func TestAHostilePlanIsHarmless(t *testing.T) {
	slack := newPoster(t)
	for i, text := range hostile {
		plan := planned(executor.Options{Canary: 1}, text, []string{"web1"}, []string{"web2"})
		for range 20 {
			plan.Excluded = append(plan.Excluded, executor.Exclusion{Server: "web3", Reason: text})
		}
		c := onCard(renderPlan(plan, "x"))
		if err := slack.accepted(c); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		if err := harmless(c); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}
