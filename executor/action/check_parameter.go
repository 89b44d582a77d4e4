package action

import "unicode/utf8"

// maxStringLength bounds max_length: values end up in cards, modals and the plan.
const maxStringLength = 4096

func (d *decoder) checkParameter(key string, p Parameter, before []Parameter) {
	d.checkParameterName(key, p.Name, before)
	d.checkLine(key+".help", p.Help)
	if p.Setting != "" {
		d.oneOf(key+".setting", p.Setting, SettingMainHost)
	}
	switch p.Type {
	case String:
		d.checkString(key, p)
	case Enum:
		d.checkEnum(key, p)
	case Int:
		d.checkInt(key, p)
	case Bool:
	case "":
		d.at(key, "type is required: string, enum, int or bool")
		return
	default:
		d.at(key+".type", "must be one of string, enum, int, bool, not %q", printable(string(p.Type)))
		return
	}
	d.checkKeysOfType(key, p)
	d.checkDefault(key, p)
}

func (d *decoder) checkParameterName(key, name string, before []Parameter) {
	if name == "" {
		d.at(key, "name is required")
		return
	}
	key += ".name"
	switch {
	case Option(name):
		d.at(key, "must not be %s, which is an option of every run", name)
	case !parameterName.MatchString(name):
		d.at(key, "must be lower-case letters, digits and _, begin with a letter and have at most 31 characters, not %q", printable(name))
	}
	for _, p := range before {
		if p.Name == name {
			d.at(key, "is declared twice: %s", name)
			return
		}
	}
}

func (d *decoder) checkString(key string, p Parameter) {
	if _, err := wholeMatch(p.Pattern); err != nil {
		d.at(key+".pattern", "is not a regular expression (RE2): %v", err)
	}
	if p.MaxLength < 1 || p.MaxLength > maxStringLength {
		d.at(key+".max_length", "must be from 1 to %d, not %d", maxStringLength, p.MaxLength)
	}
}

func (d *decoder) checkEnum(key string, p Parameter) {
	if len(p.Values) == 0 {
		d.at(key, "an enum needs values: [one, two]")
	}
	seen := map[string]bool{}
	for _, value := range p.Values {
		if value == "" || seen[value] {
			d.at(key+".values", "must be different and not empty: %q", printable(value))
		}
		seen[value] = true
		if _, f := p.canonical(value); f != nil {
			d.at(key+".values", "%q %s%s", printable(value), f.problem, dashAdvice(p, value))
		}
	}
}

func dashAdvice(p Parameter, value string) string {
	if first, _ := utf8.DecodeRuneInString(value); first == '-' && !p.LeadingDash {
		return ", unless leading_dash is true"
	}
	return ""
}

func (d *decoder) checkInt(key string, p Parameter) {
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		d.at(key+".min", "must not be above max: %d > %d", *p.Min, *p.Max)
	}
	if p.Min != nil && *p.Min < 0 && !p.LeadingDash {
		d.at(key+".min", "is below 0, and a negative number begins with '-': add leading_dash: true")
	}
}

// checkKeysOfType refuses keys that would silently do nothing for this type: a pattern on an int looks like a check.
func (d *decoder) checkKeysOfType(key string, p Parameter) {
	for name, owner := range map[string]Type{
		"pattern": String, "max_length": String, "values": Enum, "min": Int, "max": Int,
	} {
		if _, given := d.lines[key+"."+name]; given && p.Type != owner {
			d.at(key+"."+name, "is for type %s, not %s", owner, p.Type)
		}
	}
}

func (d *decoder) checkDefault(key string, p Parameter) {
	if p.Default == nil {
		return
	}
	if _, f := p.canonical(*p.Default); f != nil {
		d.at(key+".default", "%q %s%s", printable(*p.Default), f.problem, dashAdvice(p, *p.Default))
	}
}
