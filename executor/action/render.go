package action

import (
	"errors"
	"fmt"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// ErrPlatform is returned when an action has no command for a server's platform.
var ErrPlatform = errors.New("the action has no command for this platform")

// Command returns the exact text that runs on a server of that platform: for Linux, what /bin/sh is given after -c; for a
// device, the line that is sent. The same values give the same bytes, so that an approval can be bound to them.
//
// The error wraps ErrPlatform, or is a *ParameterError when v did not come from Bind or holds a character that the device
// would take for syntax.
func (a *Action) Command(p Platform, v Values) (string, error) {
	command, ok := a.Run[p]
	if !ok {
		return "", fmt.Errorf("run %s on %s: %w", a.Name, p, ErrPlatform)
	}
	return a.render(p, command, v)
}

// PreviewCommand is Command for the action's preview, which changes nothing and is run without root's rights.
// An action without a preview for the platform gives ErrPlatform.
func (a *Action) PreviewCommand(p Platform, v Values) (string, error) {
	command, ok := a.Preview[p]
	if !ok {
		return "", fmt.Errorf("preview %s on %s: %w", a.Name, p, ErrPlatform)
	}
	return a.render(p, command, v)
}

// render checks every value once more. They were checked when the run was asked for, but the text is made again at
// dispatch from stored values, and what is stored may be older than the action.
func (a *Action) render(p Platform, command Command, v Values) (string, error) {
	for _, parameter := range a.Parameters {
		if err := parameter.recheck(v); err != nil {
			return "", err
		}
	}
	switch {
	case p != Linux:
		return renderDevice(p, command.Argv, a.Parameters, v)
	case command.Script != "":
		return renderScript(command.Script, a.Parameters, v), nil
	}
	return renderArgv(command.Argv, v), nil
}

func (p Parameter) recheck(v Values) error {
	value, ok := v[p.Name]
	if !ok {
		return &ParameterError{Parameter: p.Name, Problem: "is not bound"}
	}
	canonical, err := p.bind(value, true)
	if err != nil {
		return err
	}
	if canonical != value {
		return &ParameterError{Parameter: p.Name, Problem: "is not in canonical form", Suggestion: canonical}
	}
	return nil
}

// renderArgv quotes each element whole, after its values are in, so a value can neither end its word nor begin another.
func renderArgv(argv []string, v Values) string {
	words := make([]string, len(argv))
	for i, element := range argv {
		words[i] = fill(element, v)
	}
	return shellescape.QuoteCommand(words)
}

// renderScript hands the values over as positional arguments and names them first thing. The script's text does not
// depend on the values at all. A plain assignment is neither split nor globbed, so name=$1 needs no quotes.
func renderScript(script string, parameters []Parameter, v Values) string {
	var body strings.Builder
	words := []string{"/bin/sh", "-c", "", "drover"}
	for i, p := range parameters {
		if i > 0 {
			body.WriteByte(' ')
		}
		fmt.Fprintf(&body, "%s=${%d};", p.Name, i+1)
		words = append(words, v[p.Name])
	}
	if len(parameters) > 0 {
		body.WriteByte('\n')
	}
	body.WriteString(script)
	words[2] = body.String()
	return shellescape.QuoteCommand(words)
}
