package bot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"drover/bot"
)

func TestATokenIsNeverPrinted(t *testing.T) {
	const secret = "xoxb-hunter2"
	config := bot.Config{AppToken: secret, BotToken: secret}
	var all bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&all, nil), slog.NewJSONHandler(&all, nil)} {
		slog.New(handler).Info("start", "token", config.BotToken, "config", config, "pointer", &config)
	}
	text, err := json.Marshal(map[string]any{"token": config.BotToken, "examination": bot.Examination{BotToken: secret}.BotToken})
	if err != nil {
		t.Fatal(err)
	}
	all.Write(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%U"} {
		fmt.Fprintf(&all, verb+verb+verb, config.BotToken, config, &config)
	}
	for _, form := range []string{"%s", "%x", "%X", "%d"} {
		if strings.Contains(all.String(), strings.Trim(fmt.Sprintf(form, []byte(secret)), "[]")) {
			t.Errorf("a token is printed: %s", all.String())
		}
	}
	if string(config.BotToken) != secret {
		t.Error("it is of no use any more")
	}
}
