package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"drover/bot/slacksim/pagetest"
	"drover/cmd/drover/demo"
)

// With -update TestDemoPage takes the screenshots of the README: go test ./cmd/drover -run TestDemoPage -update
var update = flag.Bool("update", false, "take the screenshots in docs anew")

// largestScreenshot is in bytes: a README should load at once.
const largestScreenshot = 200_000

// TestDemoPage is the way of a newcomer, and how drover looks in a browser: the real bot, the real engine and real SSH
// behind the page.
func TestDemoPage(t *testing.T) {
	if err := pagetest.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	browser, err := pagetest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := browser.Close(); err != nil {
			t.Error(err)
		}
	})
	dark := pagetest.Window{Width: 1360, Height: 800, Dark: true}
	light := pagetest.Window{Width: 1360, Height: 800}
	t.Run("typed", func(t *testing.T) { typedStory(visit(t, browser, light)) })
	t.Run("clicked", func(t *testing.T) { clickedStory(visit(t, browser, dark)) })
	t.Run("phone", func(t *testing.T) { phoneStory(visit(t, browser, pagetest.Phone())) })
}

// visitor is somebody at the page of a demo of their own. A step that fails ends the test.
type visitor struct {
	*pagetest.Tab
	t *testing.T
}

func visit(t *testing.T, browser *pagetest.Browser, window pagetest.Window) visitor {
	t.Helper()
	world, err := demo.Start(t.Context(), "127.0.0.1:0", serve, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	tab, err := browser.Open(world.URL(), window)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, complaint := range append(tab.Complaints(), tab.Strangers(world.URL())...) {
			t.Errorf("the page: %s", complaint)
		}
		tab.Close()
	})
	v := visitor{tab, t}
	v.until(`document.body.dataset.live === 'true'`)
	return v
}

func (v visitor) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v visitor) until(condition string)      { v.t.Helper(); v.must(v.Until(condition)) }
func (v visitor) reads(selector, text string) { v.t.Helper(); v.must(v.UntilText(selector, text)) }
func (v visitor) click(selector string)       { v.t.Helper(); v.must(v.Click(selector)) }
func (v visitor) press(keys ...string)        { v.t.Helper(); v.must(v.Press(keys...)) }

// breaks chooses what is wrong with a server, as from the menu in the panel.
func (v visitor) breaks(server, fault string) {
	v.t.Helper()
	_, err := pagetest.Eval[bool](v.Tab, fmt.Sprintf(`(() => { const e = document.querySelector('[data-machine=%s]');
		e.value = '%s'; e.dispatchEvent(new Event('change')); return true; })()`, server, fault))
	v.must(err)
	v.until(fmt.Sprintf(`document.querySelector('[data-machine=%s]').value === '%s'`, server, fault))
}

// lastCard is the selector of the channel's last message.
const lastCard = "#timeline .message:last-child"

// typedStory types the first command, watches the card, reads the thread, is refused as the viewer, and meets a changed
// host key.
func typedStory(v visitor) {
	v.press("/server update web1 db1\r")
	v.reads(lastCard, "update on db1 web1 running")
	v.reads(lastCard+" [data-action='run.cancel']", "Cancel")
	v.reads(lastCard, "update on db1 web1 succeeded")
	v.reads(lastCard, "5 upgraded (2 security), 1 installed (1 security) · kernel 6.1.0-32 → 6.1.0-37 · reboot required")
	v.until(`document.querySelectorAll('#timeline .message').length === 1 && !document.querySelector('[data-action="run.cancel"]')`)
	v.reads(lastCard+" .thread-line", "4 replies")
	v.reads("#panel", "up to date · reboot required · db, prod")
	v.click(lastCard + " .thread-line")
	v.reads("#thread", "nginx 1.22.1-9 → 1.22.1-9+deb12u2 (security)")
	v.screenshot("screenshot-light.png")

	v.click(`.person:has([value=U0VIEWER])`)
	v.until(`document.body.dataset.live === 'true' && document.querySelector('[value=U0VIEWER]').checked`)
	v.click("#composer")
	v.press("/server update web2\r")
	v.reads("#timeline .ephemeral", "You may not run update on web2: it needs the role operator.")
	v.reads("#timeline .ephemeral .whisper", "Only visible to you")
	v.click(`.person:has([value=U0OPERATOR])`)
	v.until(`document.body.dataset.live === 'true' && !document.querySelector('#timeline .ephemeral')`)

	v.breaks("db1", "host-key")
	v.click("#composer")
	v.press("/server ping db1\r")
	v.reads(lastCard, "db1 shows another host key than the trusted one")
	v.breaks("db1", "nothing")
	v.click(lastCard + " [data-action='run.retry']")
	v.click("#confirm [data-answer=yes]")
	v.reads(lastCard, "ping on db1 succeeded") // with the old key, which drover trusts

	v.click("[aria-label=Apps] .channel")
	v.reads("#timeline", "the beginning of your direct messages with drover")
	v.click("#composer")
	v.press("list\r")
	v.reads(lastCard, "4 servers")
}

// clickedStory takes the panel's first steps, one click each.
func clickedStory(v visitor) {
	step := func(n int) { v.click(fmt.Sprintf(".steps li:nth-child(%d) button", n)) }
	step(1)
	v.reads(lastCard, "update on db1 web1 succeeded")
	v.reads(lastCard+" .thread-line", "4 replies")
	step(2)
	v.reads("#thread", "postgresql-15")
	v.click("#thread [aria-label='Close the thread']")
	step(3)
	v.reads(lastCard, "reboot on db1 waits for approval")
	step(4)
	v.reads("#timeline .ephemeral", "reboot")
	v.click("[data-action='run.approve']")
	v.click("#confirm [data-answer=yes]")
	v.reads("#timeline", "kernel 6.1.0-32-amd64 → 6.1.0-37-amd64")
	step(5)
	v.reads("#timeline .ephemeral", "Nothing was run.")
	step(6)
	v.reads(".machine.unwell", "cache1")
	step(7)
	v.reads(lastCard, "update on cache1 web1 web2 succeeded only in part: 2 of 3")
	v.reads(lastCard, "cache1 refused the connection")
	v.reads(lastCard+" .thread-line", "5 replies")
	v.until(`document.querySelectorAll('.steps .done').length === 7`)
	v.until(`!document.querySelector('.notice')`)
	v.screenshot("screenshot-dark.png")

	v.breaks("cache1", "nothing")
	v.click(lastCard + " [data-action='run.retry']")
	v.reads("#confirm", "Run it again?")
	v.click("#confirm [data-answer=yes]")
	v.reads(lastCard, "update on cache1 succeeded")
}

// phoneStory does the same with one screen at a time.
func phoneStory(v visitor) {
	v.click("#timeline .intro .try")
	v.reads(lastCard, "update on db1 web1 succeeded")
	v.reads(lastCard+" .thread-line", "4 replies")
	v.click("#composer")
	v.press("/server updte web2\r")
	v.reads("#timeline .ephemeral", "Did you mean update?")
	v.screenshot("screenshot-phone.png")
	v.click("#screens button:last-child")
	v.reads("#panel", "up to date")
}

// screenshot writes what the page shows to docs, if that is asked for.
func (v visitor) screenshot(name string) {
	v.t.Helper()
	if !*update {
		return
	}
	v.must(v.Do(pagetest.Calm()))
	shot, err := v.Screenshot()
	v.must(err)
	shot, err = smaller(shot)
	v.must(err)
	if len(shot) > largestScreenshot {
		v.t.Errorf("%s has %d bytes, and should have less than %d", name, len(shot), largestScreenshot)
	}
	v.must(os.WriteFile(filepath.Join("..", "..", "docs", name), shot, 0o644))
}

// smaller is the same picture in fewer bytes: the shades between letters and ground, which nobody sees, become fewer.
func smaller(shot []byte) ([]byte, error) {
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	out := image.NewNRGBA(picture.Bounds())
	draw.Draw(out, out.Bounds(), picture, picture.Bounds().Min, draw.Src)
	for i, shade := range out.Pix {
		out.Pix[i] = shade | 3
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&b, out)
	return b.Bytes(), err
}
