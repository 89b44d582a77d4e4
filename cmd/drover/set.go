package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/store"
)

func (c *cli) setCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "set [NAME [VALUE]]",
		Short: "List the settings, or change one",
		Long: "Without words it lists the settings: what each means, its value, and whether that is the default. With a name and a value it\n" +
			"changes one; the value `default` takes the choice back. It holds from the next request on, without a restart.",
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: completeSettings,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withEngine(cmd.Context(), "set/", func(_ *store.Store, e *executor.Engine) error {
			switch len(args) {
			case 0:
				return c.listSettings(cmd.Context(), e, asJSON, executor.Settings())
			case 1:
				setting, err := executor.FindSetting(args[0])
				if err != nil {
					return err
				}
				return c.listSettings(cmd.Context(), e, asJSON, []executor.Setting{setting})
			}
			actor, err := c.actor()
			if err != nil {
				return err
			}
			value, err := e.Choose(cmd.Context(), actor, args[0], args[1])
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: %s\n", args[0], orNothing(value))
			return nil
		})
	}
	return cmd
}

func completeSettings(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if len(args) == 0 {
		for _, s := range executor.Settings() {
			names = append(names, cobra.CompletionWithDesc(s.Name, s.Means))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// shownSetting is a setting as it is listed.
type shownSetting struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Means   string `json:"means"`
}

func (c *cli) listSettings(ctx context.Context, e *executor.Engine, asJSON bool, settings []executor.Setting) error {
	var list []shownSetting
	for _, s := range settings {
		value, err := e.Chosen(ctx, s.Name)
		if err != nil {
			return err
		}
		list = append(list, shownSetting{s.Name, value, s.Default, s.Means})
	}
	return printList(c.out, asJSON, list, "NAME\tVALUE\tDEFAULT\tMEANS", func(s shownSetting) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", s.Name, orNothing(s.Value), orNothing(s.Default), s.Means)
	})
}

// orNothing makes an empty value visible.
func orNothing(value string) string {
	if value == "" {
		return "-"
	}
	return value
}
