package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"drover/store"
)

// settings come from flags or, without one, from the environment.
type settings struct {
	db, keyFile    string
	anchorFile     string
	log, logFormat string
	getenv         func(string) string
}

func (s *settings) register(root *cobra.Command, getenv func(string) string) {
	s.getenv = getenv
	flags := root.PersistentFlags()
	flags.StringVar(&s.db, "db", s.env("DROVER_DB", "drover.db"), "the database file ($DROVER_DB)")
	flags.StringVar(&s.keyFile, "key-file", s.env("DROVER_KEY_FILE", ""), "the file with the key of all secrets ($DROVER_KEY_FILE; default: the database's name + .key)")
	flags.StringVar(&s.anchorFile, "anchor-file", s.env("DROVER_ANCHOR_FILE", ""), "the file that the audit log's anchors are added to ($DROVER_ANCHOR_FILE; default: the database's name + .anchors)")
	flags.StringVar(&s.log, "log", s.env("DROVER_LOG", "info"), "what to log: debug, info or warn ($DROVER_LOG)")
	flags.StringVar(&s.logFormat, "log-format", s.env("DROVER_LOG_FORMAT", "text"), "text or json ($DROVER_LOG_FORMAT)")
}

// store says where the files beside the database are.
func (s *settings) store() store.Options {
	return store.Options{KeyFile: s.keyFile, AnchorFile: s.anchorFile}
}

func (s *settings) env(name, fallback string) string {
	if value := s.getenv(name); value != "" {
		return value
	}
	return fallback
}

// secret reads NAME, or the file that NAME_FILE names.
func (s *settings) secret(name string) (string, error) {
	value, file := s.getenv(name), s.getenv(name+"_FILE")
	switch {
	case value != "" && file != "":
		return "", usage("both %s and %s_FILE are set: unset one of them", name, name)
	case file == "":
		return value, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read %s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// tokens are Slack's tokens, as far as this command can read them.
func (s *settings) tokens() []string {
	var list []string
	for _, name := range []string{"SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"} {
		if token, err := s.secret(name); err == nil && token != "" {
			list = append(list, token)
		}
	}
	return list
}

func (s *settings) logger(w io.Writer) (*slog.Logger, error) {
	level, ok := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn}[s.log]
	if !ok {
		return nil, usage("DROVER_LOG=%s is not debug, info or warn", s.log)
	}
	options := &slog.HandlerOptions{Level: level}
	switch s.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, usage("DROVER_LOG_FORMAT=%s is not text or json", s.logFormat)
}
