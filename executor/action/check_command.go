package action

import (
	"slices"
	"strings"
)

func (d *decoder) checkCommands(key string, commands map[Platform]Command, parameters []Parameter) {
	for _, platform := range Platforms() {
		command, ok := commands[platform]
		if !ok {
			continue
		}
		where := key + "." + string(platform)
		if command.Script != "" || len(command.Argv) == 0 {
			d.checkScript(where, platform, command, parameters)
		} else {
			d.checkArgv(where, platform, command.Argv, parameters)
		}
		if key == "run" {
			d.checkUsed(where, command, parameters)
		}
	}
}

func (d *decoder) checkScript(key string, platform Platform, command Command, parameters []Parameter) {
	if strings.TrimSpace(command.Script) == "" {
		d.at(key, "is empty")
		return
	}
	if platform != Linux {
		d.at(key, "must be a list of words: %s has no shell to run a script", platform)
		return
	}
	if d.accepted {
		return
	}
	for _, p := range Lint(command.Script, namesOf(parameters)) {
		d.add(d.scripts[key]+max(p.Line, 1)-1, key, "%s", p.Text)
	}
}

// checkArgv looks at the list form. What is quoted by drover can still be run as code by the command that it is given to
// (sh -c, ssh, eval), so the words go through the same check as a call in a script.
func (d *decoder) checkArgv(key string, platform Platform, argv []string, parameters []Parameter) {
	for _, element := range argv {
		d.checkElement(key, platform, element, parameters)
	}
	if strings.TrimSpace(argv[0]) == "" {
		d.at(key, "must begin with a command")
		return
	}
	if holds(argv[:1]) {
		d.at(key, "the first word is the command and must not hold a parameter")
		return
	}
	if platform != Linux {
		d.checkDeviceValues(key, platform, argv, parameters)
		return
	}
	if text := argvProblem(argv); text != "" && !d.accepted {
		d.at(key, "%s", text)
	}
}

func (d *decoder) checkElement(key string, platform Platform, element string, parameters []Parameter) {
	for _, name := range placeholders(element) {
		if !slices.Contains(namesOf(parameters), name) {
			d.at(key, "{{%s}} is not a parameter%s", name, nearest(name, parameters))
		}
	}
	if m := almostPlaceholder.FindString(element); m != "" {
		d.at(key, "%s is not a placeholder: write {{name}} without spaces", m)
	}
	if strings.ContainsRune(element, 0) || (platform != Linux && unsafe(element) != nil) {
		d.at(key, "must not hold control characters")
	}
}

func nearest(name string, parameters []Parameter) string {
	if near := closest(name, namesOf(parameters)); near != "" {
		return "; did you mean {{" + near + "}}?"
	}
	return ""
}

// checkDeviceValues finds the defaults and enum values that the device could never be sent.
func (d *decoder) checkDeviceValues(key string, platform Platform, argv []string, parameters []Parameter) {
	for _, p := range parameters {
		if !strings.Contains(strings.Join(argv, " "), "{{"+p.Name+"}}") {
			continue
		}
		values := slices.Clone(p.Values)
		if p.Default != nil && *p.Default != "" {
			values = append(values, *p.Default)
		}
		for _, value := range values {
			if f := deviceFault(platform, value); f != nil {
				d.at(key, "the value %q of %s %s", printable(value), p.Name, f.problem)
			}
		}
	}
}

// checkUsed refuses a parameter that a platform's command ignores: somebody would think that it had an effect.
func (d *decoder) checkUsed(key string, command Command, parameters []Parameter) {
	used, ok := scriptVariables(command.Script)
	if !ok {
		return // said by Lint already
	}
	for _, element := range command.Argv {
		used = append(used, placeholders(element)...)
	}
	for _, p := range parameters {
		if p.Name != "" && !slices.Contains(used, p.Name) && !(d.proof && p.Name == Expect) {
			d.at(key, "does not use the parameter %s", p.Name)
		}
	}
}

func namesOf(parameters []Parameter) []string {
	return (&Action{Parameters: parameters}).parameterNames()
}
