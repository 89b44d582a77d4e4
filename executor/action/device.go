package action

import (
	"fmt"
	"regexp"
	"strings"
)

// A device has no quoting that can be trusted: RouterOS reads [ ] { } ( ) $ ; " \ # and a newline as syntax, a leading /
// or : as the start of another command, = as a named argument and .. as the parent menu; IOS acts on ? at once, on | as an
// output filter and on " ' \ as parts of a string. So a value is refused unless it is made of characters that neither
// knows as anything but text. A / or : inside (an address, a prefix, an interface) is text to both.
var deviceValue = map[Platform]*regexp.Regexp{
	RouterOS: regexp.MustCompile(`\A-?[A-Za-z0-9][A-Za-z0-9._@%+,:/-]*\z`),
	IOS:      regexp.MustCompile(`\A-?[A-Za-z0-9][A-Za-z0-9._@%+,:/=-]*\z`),
}

// deviceFault says why a value cannot be sent to a device, or nothing.
func deviceFault(p Platform, value string) *fault {
	allowed := "letters, digits and . _ @ % + , : / -"
	if p == IOS {
		allowed += " ="
	}
	if deviceValue[p].MatchString(value) {
		return nil
	}
	return &fault{problem: fmt.Sprintf("may on %s only hold %s, and begin with a letter or digit", p, allowed)}
}

// renderDevice joins the words with single spaces and quotes nothing. An empty value would leave a hole: where a server
// with a shell can do without it, a device needs it.
func (a *Action) renderDevice(p Platform, argv []string, v Values) (string, error) {
	used := strings.Join(argv, " ")
	for _, parameter := range a.Parameters {
		if !strings.Contains(used, "{{"+parameter.Name+"}}") {
			continue
		}
		if v[parameter.Name] == "" {
			return "", &PlatformError{fmt.Sprintf("%s needs %s=… for %s%s", a.Name, parameter.Name, p, orSetting(parameter))}
		}
		if f := deviceFault(p, v[parameter.Name]); f != nil {
			return "", &ParameterError{Parameter: parameter.Name, Problem: f.problem, Help: parameter.Help}
		}
	}
	return fill(used, v), nil
}

func orSetting(p Parameter) string {
	if p.Setting == "" {
		return ""
	}
	return ", or the setting " + p.Setting
}
