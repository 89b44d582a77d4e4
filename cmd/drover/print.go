package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"drover/store"
)

// printList prints one JSON array, or a table.
func printList[T any](w io.Writer, asJSON bool, items []T, header string, line func(T) string) error {
	if asJSON {
		return printJSON(w, items)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, header)
	for _, item := range items {
		fmt.Fprintln(table, line(item))
	}
	return table.Flush()
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// change runs fn on the open database as the person at this terminal.
func (c *cli) change(ctx context.Context, fn func(*store.Store, store.Actor) error) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(s *store.Store) error { return fn(s, actor) })
}
