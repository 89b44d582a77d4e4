package slacksim_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/slack-go/slack"

	"drover/bot/slacksim/pagetest"
)

func plainObject(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

// runModal asks for a server's name and how to restart it.
func runModal(callback string) slack.ModalViewRequest {
	name := slack.NewInputBlock("name", plainObject("Server"), plainObject("As in the list."), slack.NewPlainTextInputBlockElement(plainObject("web1"), "name"))
	mode := slack.NewInputBlock("mode", plainObject("Mode"), nil, slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "mode",
		slack.NewOptionBlockObject("soft", plainObject("Softly"), nil), slack.NewOptionBlockObject("hard", plainObject("Hard"), nil)))
	extras := slack.NewInputBlock("extras", plainObject("Extras"), nil, slack.NewCheckboxGroupsBlockElement("extras",
		slack.NewOptionBlockObject("log", plainObject("Log"), nil), slack.NewOptionBlockObject("tell", plainObject("Tell"), plainObject("everybody"))))
	extras.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, Title: plainObject("Run an action"), Submit: plainObject("Run"), Close: plainObject("Not now"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewSectionBlock(plainObject("Choose <b>well</b>."), nil, nil), name, mode, extras}},
	}
}

func testPageModal(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	api, client := connect(t, s)
	p := open(t, b, s)
	p.click(".shortcuts button", ".shortcuts [role=menuitem]")
	shortcut := interaction(t, client)
	_, err := api.OpenView(shortcut.TriggerID, runModal("run.start"))
	must(t, err)
	p.reads("#modal", "Choose <b>well</b>.")
	p.reads("#modal [type=submit]", "Run")
	p.is(`document.activeElement.dataset.action`, "name")
	wrong := func(block string) string {
		return fmt.Sprintf(`document.querySelector('#modal [data-block=%s] .wrong').innerText`, block)
	}

	p.press("\r") // Slack's own check: two fields are required
	p.until(wrong("mode") + ` !== ''`)
	p.is(wrong("name"), "Please complete this required field.")
	p.is(wrong("extras"), "")
	p.is(`document.activeElement.ariaInvalid + document.activeElement.dataset.action`, "truename")

	p.press("web9")
	p.text(`(() => { const e = document.querySelector('#modal select'); e.value = 'hard'; e.dispatchEvent(new Event('change')); })()`)
	p.click(`#modal [value=log]`, `#modal [type=submit]`)
	submitted := interaction(t, client, slack.NewErrorsViewSubmissionResponse(map[string]string{"name": "There is no <i>web9</i>."}))
	values := submitted.View.State.Values
	if values["name"]["name"].Value != "web9" || values["mode"]["mode"].SelectedOption.Value != "hard" || len(values["extras"]["extras"].SelectedOptions) != 1 {
		t.Errorf("submitted %+v", values)
	}
	p.until(wrong("name") + ` === 'There is no <i>web9</i>.'`)
	p.is(wrong("mode"), "")
	p.is(`document.activeElement.value`, "web9") // nothing that was typed is lost

	p.press(kb.Backspace, "1", "\r")
	if again := interaction(t, client); again.View.State.Values["name"]["name"].Value != "web1" {
		t.Errorf("submitted again: %+v", again.View.State.Values)
	}
	p.until(`!document.querySelector('#modal').open`)
}

func testPageModalStack(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	api, client := connect(t, s)
	p := open(t, b, s)
	p.click(".shortcuts button", ".shortcuts [role=menuitem]")
	view := runModal("first")
	view.NotifyOnClose = true
	opened, err := api.OpenView(interaction(t, client).TriggerID, view)
	must(t, err)
	p.reads("#modal h2", "Run an action")
	p.press("half a na")
	view.Title = plainObject("Still the same")
	_, err = api.UpdateView(view, "", "", opened.ID)
	must(t, err)
	p.reads("#modal h2", "Still the same")
	p.is(`document.querySelector('#modal input').value`, "half a na")
	p.is(`document.activeElement.dataset.action`, "name")

	p.text(`(() => { const e = document.querySelector('#modal select'); e.value = 'soft'; e.dispatchEvent(new Event('change')); })()`)
	p.press("me\r")
	second := runModal("second")
	second.Title = plainObject("On top")
	interaction(t, client, slack.NewPushViewSubmissionResponse(&second))
	p.reads("#modal h2", "On top")
	p.click("#modal [aria-label=Back]")
	p.reads("#modal h2", "Still the same")
	p.press(kb.Escape)
	if i := interaction(t, client); i.Type != slack.InteractionTypeViewClosed || i.View.CallbackID != "first" {
		t.Errorf("closing is told as %+v", i)
	}
	p.until(`!document.querySelector('#modal').open`)
}

// testPageModalElements uses every element that a person can fill in.
func testPageModalElements(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	_, client := connect(t, s)
	p := open(t, b, s)
	p.click(".shortcuts button", ".shortcuts [role=menuitem]")
	input := func(block, element string) string {
		return `{"type":"input","block_id":"` + block + `","optional":true,"label":{"type":"plain_text","text":"` + block + `"},"element":` + element + `}`
	}
	options := `[{"text":{"type":"plain_text","text":"One"},"value":"v1"},{"text":{"type":"plain_text","text":"Two"},"value":"v2"}]`
	a := call(t, s, "views.open", args{"trigger_id": interaction(t, client).TriggerID, "view": `{"type":"modal","title":{"type":"plain_text","text":"All"},"submit":{"type":"plain_text","text":"OK"},"blocks":[` +
		input("area", `{"type":"plain_text_input","action_id":"x","multiline":true,"initial_value":"a\nb","max_length":10}`) + "," +
		input("number", `{"type":"number_input","action_id":"x","is_decimal_allowed":true}`) + "," +
		input("mail", `{"type":"email_text_input","action_id":"x"}`) + "," +
		input("url", `{"type":"url_text_input","action_id":"x"}`) + "," +
		input("date", `{"type":"datepicker","action_id":"x","initial_date":"2026-11-24"}`) + "," +
		input("time", `{"type":"timepicker","action_id":"x"}`) + "," +
		input("multi", `{"type":"multi_static_select","action_id":"x","options":`+options+`}`) + "," +
		input("people", `{"type":"multi_users_select","action_id":"x","initial_users":["U2BOB"]}`) + "," +
		input("radio", `{"type":"radio_buttons","action_id":"x","options":`+options+`}`) + `,
		{"type":"alert","level":"warning","text":{"type":"plain_text","text":"Careful"}}]}`})
	if a.err() != "" {
		t.Fatal(a.err(), a.problems())
	}
	p.reads("#modal", `"text": "Careful"`) // a block that the page does not draw
	enter := func(block, value string) {
		p.text(fmt.Sprintf(`(() => { const e = document.querySelector('#modal [data-block=%s] :is(input, textarea)');
			e.value = %s; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); })()`, block, pagetest.Quote(value)))
	}
	enter("number", "2.5")
	enter("mail", "a@b.example")
	enter("url", "https://a.example")
	enter("time", "12:30")
	p.click(`#modal [data-block=multi] [value=v2]`, `#modal [data-block=people] [value=U1ANN]`, `#modal [data-block=radio] [value=v1]`)
	enter("area", "far more than ten characters")
	p.click("#modal [type=submit]")
	p.reads("#modal [data-block=area] .wrong", "Must be at most 10 characters.")
	enter("area", "a\nc")
	p.click("#modal [type=submit]")
	v := interaction(t, client).View.State.Values
	if v["area"]["x"].Value != "a\nc" || v["number"]["x"].Value != "2.5" || v["date"]["x"].SelectedDate != "2026-11-24" || v["time"]["x"].SelectedTime != "12:30" ||
		len(v["multi"]["x"].SelectedOptions) != 1 || len(v["people"]["x"].SelectedUsers) != 2 || v["radio"]["x"].SelectedOption.Value != "v1" ||
		v["mail"]["x"].Value != "a@b.example" || v["url"]["x"].Value != "https://a.example" {
		t.Errorf("submitted %+v", v)
	}
	p.until(`!document.querySelector('#modal').open`)
}

func testPageHome(t *testing.T, b *pagetest.Browser) {
	s := start(t)
	api, client := connect(t, s)
	p := open(t, b, s)
	p.click("[aria-label=Apps] .channel", "[data-focus=home]")
	p.reads("#home", "drover shows nothing here")
	home := func(text string) slack.PublishViewContextRequest {
		button := slack.NewButtonBlockElement("refresh", "now", plainObject("Refresh"))
		return slack.PublishViewContextRequest{UserID: "U1ANN", View: slack.HomeTabViewRequest{
			Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewHeaderBlock(plainObject(text)), slack.NewActionBlock("acts", button)}},
		}}
	}
	_, err := api.PublishViewContext(t.Context(), home("The fleet"))
	must(t, err)
	p.reads("#home h3", "The fleet")
	p.click("#home [data-action=refresh]")
	clicked := interaction(t, client)
	if clicked.View.Type != slack.VTHomeTab || clicked.ActionCallback.BlockActions[0].Value != "now" {
		t.Errorf("clicked %+v", clicked)
	}
	_, err = api.PublishViewContext(t.Context(), home("The fleet, again"))
	must(t, err)
	p.reads("#home h3", "again")
	p.is(`document.activeElement.dataset.action`, "refresh")
	p.click("[data-focus=messages]")
	p.until(`document.querySelector('#home').hidden && !document.querySelector('#timeline').hidden`)
	p.become("U2BOB")
	p.click("[aria-label=Apps] .channel", "[data-focus=home]")
	p.reads("#home", "drover shows nothing here") // that Home was ann's
}
