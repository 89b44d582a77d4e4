package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// limit bounds one step, and waitLimit a wait for the page; both are far away
// even on a busy machine.
const (
	limit     = 40 * time.Second
	waitLimit = 30 * time.Second
)

// Tab is one open page.
type Tab struct {
	ctx  context.Context //nolint:containedctx // chromedp's handle of a tab is a context
	stop context.CancelFunc

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// Close closes the tab.
func (t *Tab) Close() { t.stop() }

// Do runs steps of chromedp.
func (t *Tab) Do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, limit)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// Click clicks, as a mouse does, what a CSS selector finds first, once it is
// there and nothing covers it. It goes by where it is, not by the node: a page
// that draws itself anew meanwhile has another node in the same place.
func (t *Tab) Click(selector string) error {
	at, err := Eval[[]float64](t, fmt.Sprintf(`(async () => {
		for (const end = Date.now() + %d; Date.now() < end; await new Promise((again) => setTimeout(again, 20))) {
			const node = document.querySelector(%s);
			if (!node) continue;
			node.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'});
			const box = node.getBoundingClientRect();
			const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
			const hit = document.elementFromPoint(x, y);
			if (hit && (node.contains(hit) || hit.contains(node) && node.matches('input'))) return [x, y];
		}
		return [];
	})()`, waitLimit.Milliseconds(), Quote(selector)))
	if err == nil && len(at) != 2 {
		err = fmt.Errorf("it is not there, or covered; %w", t.shown())
	}
	if err == nil {
		err = t.Do(chromedp.MouseClickXY(at[0], at[1]))
	}
	if err != nil {
		return fmt.Errorf("click %s: %w", selector, err)
	}
	return nil
}

// Press presses keys, one after the other, at whatever has the focus: text, or
// keys of chromedp/kb. A key that types something does so in one event with its
// going down, as with a real keyboard, so that a page can prevent it; chromedp's
// own KeyEvent types in spite of that.
func (t *Tab) Press(keys ...string) error {
	return t.press(0, keys...)
}

// PressShift is Press with the Shift key held.
func (t *Tab) PressShift(keys ...string) error {
	return t.press(int64(chromedp.ModifierShift), keys...)
}

func (t *Tab) press(modifiers int64, keys ...string) error {
	all := strings.Join(keys, "")
	for _, r := range all {
		if err := t.Do(key(r, modifiers)); err != nil {
			return fmt.Errorf("press %q of %q: %w", r, all, err)
		}
	}
	return nil
}

func key(r rune, modifiers int64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		events := kb.Encode(r)
		down, up := *events[0], *events[len(events)-1]
		if len(events) == 3 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		down.Modifiers |= modifiers
		up.Modifiers |= modifiers
		for _, event := range []input.DispatchKeyEventParams{down, up} {
			if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event); err != nil {
				return err
			}
		}
		return nil
	})
}

// Until waits until a JavaScript expression is true. The error tells what the
// page showed instead.
func (t *Tab) Until(condition string) error {
	met, err := Eval[bool](t, fmt.Sprintf(`(async () => {
		for (const end = Date.now() + %d; Date.now() < end;) {
			if (%s) return true;
			await new Promise((again) => setTimeout(again, 20));
		}
		return false;
	})()`, waitLimit.Milliseconds(), condition))
	if err == nil && !met {
		err = t.shown()
	}
	if err != nil {
		return fmt.Errorf("wait until %s: %w", condition, err)
	}
	return nil
}

// shown is an error that tells what the page shows.
func (t *Tab) shown() error {
	text, err := Eval[string](t, `document.body.innerText`)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	return fmt.Errorf("the page shows:\n%s", text)
}

// UntilText waits until what a CSS selector finds first says something.
func (t *Tab) UntilText(selector, text string) error {
	return t.Until(fmt.Sprintf(`document.querySelector(%s)?.innerText.includes(%s)`, Quote(selector), Quote(text)))
}

// Eval evaluates a JavaScript expression, a promise too.
func Eval[T any](t *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, limit)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Quote is a string as JavaScript writes it.
func Quote(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		return `""` // a string can always be encoded
	}
	return string(data)
}

// Calm takes the mouse away and waits until pictures, fonts and layout are there, so that a screenshot is the same each time.
func Calm() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := chromedp.MouseEvent(chromedp.MouseMoved, 0, 0)(ctx, target); err != nil {
			return err
		}
		ready := `document.fonts.ready.then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true)))))`
		_, err := chromedp.Evaluate[bool](ready, chromedp.EvalAwaitPromise)(ctx, target)
		return err
	})
}

// Screenshot is what the tab shows, as PNG.
func (t *Tab) Screenshot() ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.ctx, limit)
	defer cancel()
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

// Complaints are the errors of the page so far: exceptions, console.error and
// warn, and what the browser says itself, such as a breach of the content policy.
func (t *Tab) Complaints() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.complaints...)
}

// Strangers are the requests that did not go to an address that begins with base.
func (t *Tab) Strangers(base string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []string
	for _, url := range t.requests {
		if !strings.HasPrefix(url, base) && !strings.HasPrefix(url, "data:") {
			found = append(found, url)
		}
	}
	return found
}

// watch collects complaints and requests.
func (t *Tab) watch() error {
	return chromedp.Listen(t.ctx, func(event any) {
		t.mu.Lock()
		defer t.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.complaints = append(t.complaints, "exception: "+e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				t.complaints = append(t.complaints, "console: "+describe(e.Args...))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
				t.complaints = append(t.complaints, "browser: "+e.Entry.Text+" "+e.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			t.requests = append(t.requests, e.Request.URL)
		}
	})
}

func describe(objects ...*runtime.RemoteObject) string {
	var parts []string
	for _, o := range objects {
		if o != nil {
			parts = append(parts, strings.TrimSpace(o.Description+" "+string(o.Value)))
		}
	}
	return strings.Join(parts, " ")
}
