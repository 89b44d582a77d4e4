// Package pagetest opens the page of a local Slack in a real browser, for tests:
// Debian's Chromium, headless, with a profile of its own.
package pagetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// chromium is where Debian's package of the same name puts it.
const chromium = "/usr/bin/chromium"

// closeLimit bounds how long Close waits for the browser to end by itself.
const closeLimit = 10 * time.Second

// Available says what is missing to open a page, or nil.
func Available() error {
	if _, err := os.Stat(chromium); err != nil {
		return errors.New("the tests of the page need a browser: install Debian's package chromium")
	}
	return nil
}

// Browser is a running Chromium. Starting one takes a second, so tests share it.
type Browser struct {
	root context.Context //nolint:containedctx // chromedp's handle of a browser is a context
	stop context.CancelFunc
}

// Start starts Chromium. The profile is removed by Close.
func Start() (*Browser, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.Flag("no-sandbox", true), // tests run as root in containers
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	root, stopBrowser := chromedp.NewContext(allocator)
	b := &Browser{root: root, stop: func() {
		stopBrowser()
		stopAllocator() // waits until the process has ended and its profile is gone
	}}
	if err := chromedp.Do(root); err != nil {
		b.stop()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return b, nil
}

// Close ends the browser and waits for it.
func (b *Browser) Close() error {
	ctx, cancel := context.WithTimeout(b.root, closeLimit)
	defer cancel()
	err := chromedp.Cancel(ctx)
	b.stop()
	if err != nil {
		return fmt.Errorf("close Chromium: %w", err)
	}
	return nil
}

// Window is how a tab looks.
type Window struct {
	Width, Height int64
	Dark          bool
	Touch         bool
}

// Desktop and Phone are the windows that most tests use.
func Desktop() Window { return Window{Width: 1440, Height: 900} }

// Phone is a narrow window that is touched.
func Phone() Window { return Window{Width: 390, Height: 844, Touch: true} }

// Open opens an address in a new tab that shares nothing with other tabs, as if
// it were another person's browser. Motion is off, so that what is seen is final.
func (b *Browser) Open(url string, w Window) (*Tab, error) {
	ctx, cancel := chromedp.NewContext(b.root, chromedp.WithNewBrowserContext())
	t := &Tab{ctx: ctx, stop: cancel}
	err := t.watch()
	if err == nil {
		err = t.Do(w.viewport(), w.media(), chromedp.Navigate(url))
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open %s: %w", url, err)
	}
	return t, nil
}

func (w Window) viewport() chromedp.Action[chromedp.Void] {
	var options []chromedp.EmulateViewportOption
	if w.Touch {
		options = append(options, chromedp.EmulateTouch)
	}
	return chromedp.EmulateViewport(w.Width, w.Height, options...)
}

// media sets what a page asks its surroundings for: colours, motion, language and time zone.
func (w Window) media() chromedp.Action[chromedp.Void] {
	scheme := "light"
	if w.Dark {
		scheme = "dark"
	}
	features := []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, target, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-GB"}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Etc/UTC"})
		return err
	})
}
