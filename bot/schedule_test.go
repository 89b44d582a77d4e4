package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"drover/bot/slacksim"
	"drover/store"
)

// turnTo sets the clock to a time, and lets everybody look at it.
func (o *office) turnTo(at time.Time) {
	o.Helper()
	o.clock.advance(at.Sub(o.clock.now()))
	o.must(o.store.SetSetting(o.Context(), store.Drover, "poke", at.String()))
}

// farOff is a daily cron spec in UTC that is due in five to six hours: no heads-up comes by itself, at whatever time the test runs.
func (o *office) farOff() string {
	return fmt.Sprintf("0 %d * * *", o.clock.now().UTC().Add(6*time.Hour).Hour())
}

// nightly is a schedule with a window of three hours that opens in some hours, as an admin adds it.
func (o *office) nightly(words string) store.Opening {
	o.Helper()
	cron := o.farOff()
	answer := o.slash("U0ADMIN", ops, `schedule add nightly `+words+` cron="`+cron+`" timezone=UTC duration=3h channel=`+ops+` save=yes`)
	o.says(answer, "`nightly` is saved")
	openings, err := o.schedules.Openings(store.Window{Cron: cron, Timezone: "UTC"}, 1)
	o.must(err)
	return openings[0]
}

type scheduleMetadata struct {
	Type    string `json:"event_type"`
	Payload struct {
		Message, Occurrence, State string
	} `json:"event_payload"`
}

// told are the messages of schedules in a channel.
func (o *office) told() []slacksim.Message {
	var list []slacksim.Message
	for _, m := range o.slack.Messages(ops) {
		var metadata scheduleMetadata
		if json.Unmarshal(m.Metadata, &metadata) == nil && metadata.Type == "drover_schedule" {
			list = append(list, m)
		}
	}
	return list
}

// tells waits until the nth message of a schedule says something, and drover knows that it does.
func (o *office) tells(n int, part string) slacksim.Message {
	o.Helper()
	o.await(fmt.Sprintf("message %d with %q", n, part), func() bool {
		all := o.told()
		return len(all) > n && strings.Contains(all[n].Text, part)
	})
	m := o.told()[n]
	o.awaitStore(func() error {
		_, err := o.store.MessageOwner(context.Background(), m.Channel, m.TS)
		return err
	})
	return m
}

func TestSchedulesInSlack(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.SaveUser(t.Context(), store.User{TeamID: o.slack.Team().ID, SlackID: "U0ADMIN", Name: "admin", Timezone: "Europe/London"}))
	o.says(o.slash("U0VIEWER", ops, "schedule"), "There are no schedules yet")
	add := `schedule add nightly poke tag:web !db1 word=hello mode=hard batch=1 cron=“0 2 * * *” timezone=Europe/Berlin duration=3h cutoff=30m channel=<#C0OPS|ops>`
	o.says(o.slash("U0OPERATOR", ops, add), "You may not change schedules: it needs the role admin")
	shown := o.slash("U0ADMIN", ops, add)
	o.says(shown, "*poke* on `tag:web !db1`", "cron `0 2 * * *`", "Europe/Berlin", "nothing begins in the last 30m", "`word=hello`", "`mode=hard`", "options `batch=1`",
		", 02:00 CE", "for you", "01:00 ", "*Nothing is saved yet.*", "`save=yes`")
	if n := strings.Count(shown, "for you"); n != 5 {
		t.Errorf("%d of the next five times are shown in the zone of who asks:\n%s", n, shown)
	}
	if all, err := o.store.Schedules(t.Context()); err != nil || len(all) > 0 {
		t.Fatalf("it was saved: %v %v", all, err)
	}
	o.says(o.slash("U0ADMIN", ops, add+" because patch day save=yes"), "leave out `because`", "Nothing was saved")
	o.says(o.slash("U0ADMIN", ops, add+" save=yes"), "`nightly` is saved, as revision 1")
	o.says(o.slash("U0ADMIN", ops, add+" save=yes"), "There is a schedule `nightly` already")
	o.says(o.slash("U0VIEWER", ops, "schedule list"), "*1 schedule*", "`nightly` poke on `tag:web !db1`", "next")
	o.says(o.slash("U0VIEWER", ops, "schedule show nightly"), "*nightly*", "*Next*", "as <@U0ADMIN>")
	o.says(o.slash("U0VIEWER", ops, "schedule next nihgtly"), "Did you mean `nightly`?")
	o.says(o.slash("U0VIEWER", ops, "schedule next nightly"), "*nightly* begins", "02:00 CE")

	o.says(o.slash("U0ADMIN", ops, "schedule edit nightly duraton=4h save=yes"), "Did you mean `duration`?")
	o.says(o.slash("U0ADMIN", ops, "schedule edit nightly word=a;b save=yes"), "word")
	o.says(o.slash("U0ADMIN", ops, "schedule edit nightly duration=4h because patch day save=yes"), "leave out `because`")
	o.says(o.slash("U0ADMIN", ops, "schedule edit nightly duration=4h save=yes"), "saved, as revision 2", "open 4h", "`word=hello`")
	o.says(o.slash("U0ADMIN", ops, "schedule pause nightly"), "Say why")
	o.says(o.slash("U0ADMIN", ops, "schedule pause nightly until Mon 08:00 because holidays"), "`nightly` is paused until")
	o.says(o.slash("U0VIEWER", ops, "schedule next nightly"), "02:00 CET · paused\n", "It is paused until ", ": holidays. `schedule resume nightly` ends that.")
	o.says(o.slash("U0VIEWER", ops, "schedule list"), "paused until ", ": holidays")
	o.says(o.slash("U0OPERATOR", ops, "schedule resume nightly"), "You may not change schedules")
	o.says(o.slash("U0ADMIN", ops, "schedule resume nightly"), "runs again")
	o.says(o.slash("U0ADMIN", ops, "schedule pause nightly until yesterday because x"), "Say until when")
	o.says(o.slash("U0OPERATOR", ops, "schedule remove nightly"), "You may not change schedules")
	o.says(o.slash("U0ADMIN", ops, "schedule remove nightly"), "is removed")
	o.says(o.slash("U0ADMIN", ops, "schedule frobnicate"), "comes one of")
	o.says(o.slash("U0OUTSIDER", ops, "schedule list"), "You have no role")
	o.nothingRan()
}

// What was decided of the next times shows wherever they do.
func TestTheNextTimesTellWhatWasDecided(t *testing.T) {
	o := openOffice(t)
	next := o.nightly("poke web1")
	begins := func(at time.Time) string { return fmt.Sprintf("next <!date^%d^", at.Unix()) }
	o.says(o.slash("U0VIEWER", ops, "schedule list"), begins(next.At.Time))
	o.says(o.slash("U0VIEWER", ops, "schedule delay nightly"), "it needs the role operator")
	o.says(o.slash("U0OPERATOR", ops, "schedule delay nightly"), "`nightly` begins an hour later")
	o.tells(0, "delayed by <@U0OPERATOR>")
	o.says(o.slash("U0OPERATOR", ops, "schedule delay nightly"), "`nightly` was delayed already, by <@U0OPERATOR>")
	o.says(o.slash("U0VIEWER", ops, "schedule list"), begins(next.At.Add(time.Hour).Time))
	o.says(o.slash("U0VIEWER", ops, "schedule next nightly"), "delayed to "+next.At.Add(time.Hour).Format("15:04 MST")+" by <@U0OPERATOR>")
	o.says(o.slash("U0OPERATOR", ops, "schedule skip nightly"), "`nightly` is skipped")
	o.says(o.slash("U0ADMIN", ops, "schedule skip nightly"), "is skipped already by <@U0OPERATOR>")
	o.says(o.slash("U0VIEWER", ops, "schedule list"), begins(next.At.Add(24*time.Hour).Time))
	for _, verb := range []string{"next", "show"} {
		o.says(o.slash("U0VIEWER", ops, "schedule "+verb+" nightly"), next.At.Format("Mon 2 Jan 2006, 15:04 MST")+" · skipped by <@U0OPERATOR>\n")
	}
	o.slash("U0ADMIN", ops, "schedule pause nightly because holidays")
	o.says(o.slash("U0ADMIN", ops, "schedule resume nightly"), "`nightly` runs again", "skipped by <@U0OPERATOR>")
	o.nothingRan()
}

// What waits for approval says so wherever its next time shows, and cannot be run now.
func TestAScheduleThatWaits(t *testing.T) {
	o := openOffice(t)
	o.hire("U0APPROVER", store.Approver)
	next := o.nightly("reboot web1")
	o.says(o.slash("U0VIEWER", ops, "schedule list"), "waits for approval #1, due <!date^")
	o.says(o.slash("U0VIEWER", ops, "schedule next nightly"), "It waits for approval #1, and does not run before.")
	o.turnTo(next.At.Add(-time.Hour + time.Second).Time)
	headsUp := o.tells(0, "*nightly* waits for approval #1, and does not run before")
	if strings.Contains(string(headsUp.Blocks), "schedule.run") || !strings.Contains(string(headsUp.Blocks), "schedule.skip") {
		t.Errorf("its buttons are in %s", headsUp.Blocks)
	}
	again := o.forgedSchedule(headsUp.TS, "schedule.run", occurrenceOf(headsUp)) // as a phone shows it that has not loaded the new one
	o.says(o.answered("U0ADMIN", again, "schedule.run"), "`nightly` cannot run now. Revision 1 of it waits for approval: #1")
	o.click("U0APPROVER", o.shows(ops, 1, store.AwaitingApproval), "run.approve")
	o.says(string(o.tells(0, "*nightly* begins").Blocks), "schedule.run")
	o.says(o.slash("U0VIEWER", ops, "schedule list"), "next <!date^")

	// Who edits the action voids that, and nothing promises the night any more.
	o.must(o.store.EditAction(t.Context(), o.actor("U0ADMIN"), "reboot", "{name: reboot, approvals: 1, run: {linux: [reboot]}}"))
	lapsed := "is not approved (`reboot` was edited since #1 approved it for this schedule; an edit asks again)"
	headsUp = o.tells(0, "*nightly* "+lapsed+", and does not run before")
	if strings.Contains(string(headsUp.Blocks), "schedule.run") {
		t.Errorf("its buttons are in %s", headsUp.Blocks)
	}
	o.says(o.slash("U0VIEWER", ops, "schedule list"), lapsed+", due <!date^")
	for _, verb := range []string{"schedule next nightly", "schedule show nightly"} {
		o.says(o.slash("U0VIEWER", ops, verb), "It "+lapsed+", and does not run before.")
	}
}

func TestAHeadsUpIsDecidedOnce(t *testing.T) {
	o := openOffice(t)
	next := o.nightly("poke web1")
	o.turnTo(next.At.Add(-time.Hour + time.Second).Time)
	headsUp := o.tells(0, "*nightly* begins")
	for _, button := range []string{"schedule.skip", "schedule.delay", "schedule.run"} {
		o.says(string(headsUp.Blocks), button)
	}
	o.says(o.answered("U0VIEWER", headsUp, "schedule.skip"), "You may not run `poke` on web1: it needs the role operator")

	o.click("U0OPERATOR", headsUp, "schedule.delay")
	delayed := o.tells(0, "delayed by <@U0OPERATOR>")
	if strings.Contains(string(delayed.Blocks), "schedule.delay") {
		t.Error("it can be delayed once more")
	}
	again := o.forgedSchedule(headsUp.TS, "schedule.delay", occurrenceOf(headsUp)) // as a phone shows it that has not loaded the new one
	o.says(o.answered("U0ADMIN", again, "schedule.delay"), "`nightly` was delayed already, by <@U0OPERATOR>")

	o.click("U0OPERATOR", o.forgedSchedule(headsUp.TS, "schedule.run", occurrenceOf(headsUp)), "schedule.run")
	card := o.shows(ops, 1, store.Succeeded)
	o.says(string(card.Blocks), "schedule `nightly`", "@U0ADMIN")
	report := o.tells(1, "*nightly* is done: 1 of 1 servers")
	o.says(string(report.Blocks), "1 succeeded", "`web1`", "#1")
	o.await("the details", func() bool { return len(o.replies(report)) == 1 })
	o.says(string(o.replies(report)[0].Blocks), "`web1`")
	done := o.tells(0, "is done: #1")
	if strings.Contains(string(done.Blocks), "schedule.") {
		t.Error("the heads-up of what is over has buttons")
	}
	again = o.forgedSchedule(headsUp.TS, "schedule.skip", occurrenceOf(headsUp))
	o.says(o.answered("U0ADMIN", again, "schedule.skip"), "this time of `nightly` is over")
	if len(o.runs()) != 1 {
		t.Errorf("there are %d runs", len(o.runs()))
	}
}

func TestSkipTonight(t *testing.T) {
	o := openOffice(t)
	next := o.nightly("poke web1")
	o.turnTo(next.At.Add(-time.Hour + time.Second).Time)
	o.click("U0OPERATOR", o.tells(0, "*nightly* begins"), "schedule.skip")
	o.tells(0, "is skipped · by <@U0OPERATOR>")
	o.turnTo(next.At.Add(23*time.Hour + time.Second).Time) // the next one is as planned
	o.tells(1, "*nightly* begins")
	o.says(o.slash("U0OPERATOR", ops, "schedule skip nightly"), "`nightly` is skipped")
	o.tells(1, "is skipped · by <@U0OPERATOR>")
	o.nothingRan()
}

// The value of a button comes from the client. It counts only on the message that drover posted for that occurrence.
func TestAButtonOfAScheduleElsewhere(t *testing.T) {
	o := openOffice(t)
	next := o.nightly("poke web1")
	o.turnTo(next.At.Add(-time.Hour + time.Second).Time)
	first := o.tells(0, "*nightly* begins")
	o.click("U0OPERATOR", first, "schedule.skip")
	o.tells(0, "is skipped")
	o.turnTo(next.At.Add(23*time.Hour + time.Second).Time)
	second := o.tells(1, "*nightly* begins")
	for _, forge := range []func() slacksim.Message{
		func() slacksim.Message { return o.forgedSchedule("", "schedule.run", occurrenceOf(second)) },
		func() slacksim.Message { return o.forgedSchedule(first.TS, "schedule.run", occurrenceOf(second)) }, // on the message of another night
		func() slacksim.Message { return o.forgedSchedule(second.TS, "run.cancel", occurrenceOf(second)) },  // a button of runs
	} {
		m := forge()
		o.says(o.answered("U0OPERATOR", m, buttonOf(m)), "not one that drover put here")
	}
	o.nothingRan()
}

// answered presses a button and returns what the person is told in private.
func (o *office) answered(user string, m slacksim.Message, button string) string {
	o.Helper()
	before := len(o.slack.Ephemerals(user))
	o.click(user, m, button)
	return o.whispered(user, before).Text
}

func occurrenceOf(m slacksim.Message) string {
	var metadata scheduleMetadata
	_ = json.Unmarshal(m.Metadata, &metadata)
	return metadata.Payload.Occurrence
}

// buttonOf is the first button of a message.
func buttonOf(m slacksim.Message) string {
	var blocks []struct {
		Elements []struct {
			ActionID string `json:"action_id"`
		}
	}
	_ = json.Unmarshal(m.Blocks, &blocks)
	return blocks[0].Elements[0].ActionID
}

// forgedSchedule is a message of drover's own, new or old, on which somebody has put a button of their choice.
func (o *office) forgedSchedule(ts, action, value string) slacksim.Message {
	o.Helper()
	button := slack.NewButtonBlockElement(action, value, slack.NewTextBlockObject(slack.PlainTextType, "x", false, false))
	options := []slack.MsgOption{slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("", button))}
	var err error
	if ts == "" {
		_, ts, err = o.api.PostMessageContext(o.Context(), ops, options...)
	} else {
		_, ts, _, err = o.api.UpdateMessageContext(o.Context(), ops, ts, options...)
	}
	o.must(err)
	m, _ := o.slack.Message(ops, ts)
	return m
}

func TestAReportAsksForTheReboot(t *testing.T) {
	o := openOffice(t)
	o.hire("U0APPROVER", store.Approver)
	o.nightly("patch web1 db1 batch=2 max-failures=1")
	o.says(o.slash("U0VIEWER", ops, "schedule run nightly"), "it needs the role operator")
	o.says(o.slash("U0OPERATOR", ops, "schedule run nightly"), "`nightly` begins")
	o.shows(ops, 1, store.Succeeded)
	report := o.tells(0, "*nightly* is done: 2 of 2 servers")
	o.says(string(report.Blocks), "2 updated", "2 reboot required", "schedule.reboot")
	o.says(o.answered("U0VIEWER", report, "schedule.reboot"), "it needs the role operator")
	o.click("U0OPERATOR", report, "schedule.reboot")
	card := o.shows(ops, 2, store.AwaitingApproval)
	o.says(string(card.Blocks), "reboot", "required since #1", "run.approve")
	if run := o.runs()[0]; run.RequestedBy != o.actor("U0OPERATOR") || len(run.Targets) != 2 || run.Action != "reboot" || run.Options != `{"batch":"2","max_failures":"1"}` {
		t.Errorf("asked for is %+v", run)
	}
}

// What cannot be rebooted by the button is left out, and keeps the others from nothing, whatever the schedule's options.
func TestAReportAsksForTheRebootOfSome(t *testing.T) {
	for options, want := range map[string]string{
		"canary=1": `{"batch":"1"}`, "batch=1 max-failures=1": `{"batch":"1","max_failures":"1"}`, "canary=1 batch=2 max-failures=1": `{"batch":"2","max_failures":"1"}`,
	} {
		t.Run(options, func(t *testing.T) {
			o := openOffice(t)
			o.hire("U0APPROVER", store.Approver)
			o.nightly("patch web1 db1 " + options)
			o.says(o.slash("U0OPERATOR", ops, "schedule run nightly"), "`nightly` begins")
			report := o.tells(0, "*nightly* is done: 2 of 2 servers")
			o.must(o.store.SetDisabled(t.Context(), o.actor("U0ADMIN"), "db1", "moving house"))
			o.click("U0OPERATOR", report, "schedule.reboot")
			o.shows(ops, 2, store.AwaitingApproval)
			if run := o.runs()[0]; len(run.Targets) != 1 || run.Action != "reboot" || run.Options != want {
				t.Errorf("asked for is %+v", run)
			}
		})
	}
}

// Where drover is not in the channel of a schedule, the schedule tells in the common one.
func TestAScheduleWhoseChannelIsGone(t *testing.T) {
	o := openOffice(t)
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, ops))
	o.says(o.slash("U0ADMIN", ops, `schedule add nightly poke web1 cron="`+o.farOff()+`" timezone=UTC duration=3h channel=`+hidden+` save=yes`), "is saved")
	o.says(o.slash("U0OPERATOR", ops, "schedule run nightly"), "begins")
	report := o.tells(0, "*nightly* is done")
	o.await("the details", func() bool { return len(o.replies(report)) == 1 })
	if !slices.ContainsFunc(o.told(), func(m slacksim.Message) bool { return m.TS == report.TS }) {
		t.Error("it is not in the common channel")
	}
}

// Without DROVER_CHANNEL a schedule tells where it was typed: elsewhere nobody would hear of it.
func TestAScheduleTellsWhereItWasTyped(t *testing.T) {
	o := openOffice(t)
	add := `schedule add nightly poke web1 cron="` + o.farOff() + `" timezone=UTC duration=3h`
	o.says(o.slash("U0ADMIN", ops, add), "<#"+ops+">")
	o.must(o.store.SetSetting(t.Context(), store.Drover, store.SettingChannel, "C0COMMON"))
	if told := o.slash("U0ADMIN", ops, add); strings.Contains(told, "<#"+ops+">") {
		t.Errorf("it does not tell in the common channel:\n%s", told)
	}
}
