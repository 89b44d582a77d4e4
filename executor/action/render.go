package action

import (
	"fmt"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// PlatformError says in one sentence why an action cannot run on servers of a platform. It is no fault of who asks: such
// a server is left out.
type PlatformError struct{ Reason string }

// Error returns the sentence.
func (e *PlatformError) Error() string { return e.Reason }

// Command returns the exact text that runs on a server of that platform: for Linux, what /bin/sh is given after -c; for a
// device, the line that is sent. The same values give the same bytes, so that an approval can be bound to them.
//
// The error is a *PlatformError, or a *ParameterError when v did not come from Bind or holds a character that the device
// would take for syntax.
func (a *Action) Command(p Platform, v Values) (string, error) {
	command, ok := a.Run[p]
	switch {
	case !ok && a.preview:
		return "", &PlatformError{fmt.Sprintf("%s has no preview for %s", a.Name, p)}
	case !ok:
		return "", &PlatformError{fmt.Sprintf("%s has no command for %s", a.Name, p)}
	}
	return a.render(p, command, v)
}

// PreviewCommand is Command for the action's preview, which changes nothing and is run without root's rights.
// An action without a preview for the platform gives a *PlatformError.
func (a *Action) PreviewCommand(p Platform, v Values) (string, error) {
	return a.AsPreview().Command(p, v)
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
		return a.renderDevice(p, command.Argv, v)
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
