package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"drover/executor/action"
	"drover/store"
)

// verbs are the words of this version besides the names of actions.
var verbs = []string{"help", "list", "show", "actions", "preview", "history", "run", "cancel", "retry", "approve", "deny", "pending", "schedule", trustVerb, lockVerb, "unlock", freezeVerb, unfreezeVerb, "can", userVerb}

// InstallBuiltins records the actions that this drover ships as revisions of the whitelist.
func (e *Engine) InstallBuiltins(ctx context.Context) error {
	builtins, err := action.Builtins()
	if err != nil {
		return fmt.Errorf("read the built-in actions: %w", err)
	}
	for _, b := range builtins {
		if err := e.store.InstallBuiltin(ctx, b.Name, string(b.YAML)); err != nil {
			return err
		}
	}
	return nil
}

// FindAction returns the newest revision of an action, or a refusal with the nearest name.
func (e *Engine) FindAction(ctx context.Context, name string) (store.Action, error) {
	entry, err := e.store.ActionNamed(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return entry, err
	}
	all, err := e.store.Actions(ctx)
	if err != nil {
		return entry, err
	}
	var known []string
	for _, a := range all {
		known = append(known, a.Name)
	}
	if name == "restart" {
		return entry, usage("Restart what? `reboot` restarts a server, `restart-service` a service on it. Nothing was run.")
	}
	switch {
	case name == "doctor":
		return entry, usage("`doctor` runs in the terminal of drover's own host: `drover doctor`.")
	case slices.Contains(verbs, name):
		return entry, usage("`%s` is a word of drover's own and no action. `help` shows how to use it.", name)
	case action.Reserved(name):
		return entry, usage("`%s` is not part of this version of drover. `help` shows what is.", name)
	}
	hint := DidYouMean(name, append(known, verbs...))
	if hint == "" {
		hint = " `actions` shows what there is."
	}
	return entry, usage("There is no action called `%s`.%s", quotable(name), hint)
}

// Definition reads an entry of the whitelist.
func Definition(entry store.Action) (*action.Action, error) {
	definition, err := action.Read([]byte(entry.YAML))
	if err != nil {
		return nil, fmt.Errorf("read revision %d of action %s: %w", entry.Revision, entry.Name, err)
	}
	return definition, nil
}
