package bot

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drover/bot/slacksim"
	"drover/executor"
	"drover/store"
)

// filled is a value in which every text is the given one, and every list has one element, however deep. A field that is
// added to a noun later is filled too.
func filled[T any](text string) T {
	var value T
	fill(reflect.ValueOf(&value).Elem(), text, 0)
	return value
}

func fill(v reflect.Value, text string, depth int) {
	if depth > 8 || !v.CanSet() {
		return
	}
	switch v.Interface().(type) {
	case store.RunState, store.TargetState, store.Origin, store.Role, store.Effect, store.Time: // what a CHECK or a type keeps to its values
		return
	case store.Actor:
		v.SetString("T1/" + text)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text, depth+1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text, depth+1)
		fill(value, text, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, depth+1)
		}
	}
}

// rendered is everything that the bot can show of rows in which a text stands everywhere.
func rendered(text string) map[string]content {
	all := map[string]content{}
	say := func(name, said string) { all[name] = content{text: said, blocks: content{text: said}.verbatim()} }
	for _, state := range append(finals(), store.Queued, store.Running, store.Paused, store.AwaitingApproval) {
		run := infested(text)
		run.State = state
		targets := make([]store.Target, 0, len(targetOrder))
		for _, targetState := range targetOrder {
			target := filled[store.Target](text)
			target.State = targetState
			targets = append(targets, target)
		}
		run.Targets = targets
		all[fmt.Sprint("card ", state)] = renderCard(run)
		urgent := run
		urgent.Urgent = true
		all[fmt.Sprint("urgent card ", state)] = renderCard(urgent)
		all[fmt.Sprint("reviewed ", state)] = renderReview(urgent, text)
		urgent.ReviewedAt = nil
		all[fmt.Sprint("review ", state)] = renderReview(urgent, "reminder/")
		all[fmt.Sprint("reply ", state)] = renderReply(run, targets[:4])
		say(fmt.Sprint("show ", state), showRun(run))
		say(fmt.Sprint("history ", state), headline(run))
	}
	maps.Copy(all, renderedSchedules(text))
	answer := filled[executor.Answer](text)
	say("can, denied", renderAnswer(answer, store.Time{}))
	answer.Servers[0].Allowed = true
	say("can", renderAnswer(answer, store.Time{}))
	answer.Servers[0].Verdict = executor.Verdict{Why: text}
	say("can, not given", renderAnswer(answer, store.Time{}))
	say("hold", holdLine(filled[executor.Hold](text)))
	server := filled[store.Server](text)
	say("server", showServer(server))
	say("server line", serverLine(server))
	all["offer"] = renderOffer(filled[executor.TrustOffer](text))
	plan := filled[executor.Plan](text)
	all["plan"] = content{blocks: renderPlan(&plan, text)}
	if definition := fmt.Sprintf("{name: x, title: %q, description: %q, run: {linux: [x]}}", text, text); json.Valid([]byte(fmt.Sprintf("%q", text))) {
		if shown, err := showAction(store.Action{Name: "x", YAML: definition}); err == nil {
			say("action", shown)
		}
	}
	chronicle := executor.Chronicle{Person: person, Text: escape}
	for _, event := range []string{"run.requested", "request.refused", "target.failed", "server.edited", "user.granted", "setting.changed", "lock.made"} {
		payload, _ := json.Marshal(map[string]any{"why": text, "server": text, "summary": text, "reason": text, "params": map[string]string{text: text},
			"was": map[string]string{"note": text}, "note": text, "role": text, "action": text, "selector": text, "tag": text, text: text})
		say("audit "+event, chronicle.Tell(store.AuditEntry{Event: event, Subject: "user/" + text, Payload: string(payload)}))
	}
	return all
}

// infested is a run in whose plan, too, a text stands everywhere.
func infested(text string) store.Run {
	run := filled[store.Run](text)
	plan, _ := json.Marshal(filled[executor.Plan](text))
	run.Options, run.Plan = "{}", string(plan)
	return run
}

// renderedSchedules is everything that the bot can show of schedules in which a text stands everywhere.
func renderedSchedules(text string) map[string]content {
	all := map[string]content{}
	run := infested(text)
	run.State = store.Partial
	schedule := filled[store.Schedule](text)
	schedule.Options, schedule.Channel, schedule.Missed, schedule.Reboot = "{}", "", store.MissedAsk, store.RebootIfRequired // what Define keeps to its values
	for _, state := range []store.OccurrenceState{
		store.OccurrenceAnnounced, store.OccurrenceAsked, store.OccurrenceRunning, store.OccurrenceRebooting, store.OccurrenceSkipped, store.OccurrenceMissed, store.OccurrenceRefused, store.OccurrenceDone,
	} {
		o := occasion{Occurrence: filled[store.Occurrence](text), schedule: schedule}
		o.State, o.inactive = state, text
		all[fmt.Sprint("headsup ", state)] = headsUp(o)
		all[fmt.Sprint("no report ", state)] = report(o, nil, 3)
		o.runs = []store.Run{run}
		all[fmt.Sprint("headsup with runs ", state)] = headsUp(o)
		all[fmt.Sprint("report ", state)] = report(o, nil, 0)
		all[fmt.Sprint("details ", state)] = details(o)
	}
	said := strings.Join(scheduleLines(schedule), "\n")
	all["schedule"] = content{text: said, blocks: content{text: said}.verbatim()}
	return all
}

func finals() []store.RunState {
	return []store.RunState{store.Succeeded, store.Failed, store.Partial, store.Cancelled, store.Denied, store.Expired, store.Interrupted}
}

var ownDate = regexp.MustCompile(`^!date\^-?\d+\^\{date_short_pretty\} \{time\}$`)

// checkRendered finds what pings, leads somewhere, hides, or breaks out. Only who acted is named: the actors of the rows.
func checkRendered(t *testing.T, name string, c content, actor string) {
	t.Helper()
	blocks, err := json.Marshal(c.blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range (slacksim.Message{Text: c.text, Blocks: blocks}).Marks() {
		if ours := m.Kind == "date" && ownDate.MatchString(m.Target) || m.Kind == "user" && m.Target == actor; !ours {
			t.Errorf("%s: %s %q in %q", name, m.Kind, m.Target, m.Text)
		}
	}
	for _, text := range parsed(c) {
		if i := strings.IndexFunc(strings.ReplaceAll(text, "`\u200b", "`"), executor.Unseen); i >= 0 {
			t.Errorf("%s holds what cannot be seen, at %d: %q", name, i, text)
		}
		if strings.Count(text, fence)%2 > 0 {
			t.Errorf("%s opens a code block: %q", name, text)
		}
	}
}

// FuzzRendered: whatever people type and servers print, nothing that drover shows pings, links, hides or breaks out.
func FuzzRendered(f *testing.F) {
	for _, text := range slices.Concat(hostile, []string{"<@U2|x>", "`", "``", "```", "\\", "<", "!channel>", "U0VICTIM", "*", "|"}) {
		f.Add(clip(text, 300))
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = clip(strings.ToValidUTF8(text, "?"), 300)
		for name, c := range rendered(text) {
			checkRendered(t, name, c, text)
		}
	})
}

// TestAnyMixtureIsHarmless puts together what markup is made of, in any order.
func TestAnyMixtureIsHarmless(t *testing.T) {
	pieces := rapid.SampledFrom([]string{
		"<", ">", "|", "&", "&lt;", "&amp;", "!channel", "!here", "@U2", "#C1", "!subteam^S1", "!date^1^{date}^http://evil.example", "http://evil.example",
		"mailto:", "`", "``", "```", "*", "_", "~", "\n", "\r", "\t", " ", "\\", "\u202e", "\u200b", "\u2028", "\x1b[31m", "\x00", "\"", "'", "x", "#1", "é", "🚀",
	})
	rapid.Check(t, func(r *rapid.T) {
		text := clip(strings.Join(rapid.SliceOfN(pieces, 1, 12).Draw(r, "pieces"), ""), 300)
		for name, c := range rendered(text) {
			checkRendered(t, name, c, text)
		}
		if t.Failed() {
			r.Fatalf("%q", text)
		}
	})
}
