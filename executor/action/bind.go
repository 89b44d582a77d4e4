package action

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ParameterError is one value that an action does not take, in one sentence for the person who typed it.
type ParameterError struct {
	Parameter  string // the name as typed or declared
	Problem    string // "must be one of soft, hard"
	Suggestion string // a name or value that may have been meant; often empty
	Help       string // what the parameter is for, as its action says; often empty
}

// Error returns it as a part of a sentence.
func (e *ParameterError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("parameter %s %s", e.Parameter, e.Problem)
	}
	return fmt.Sprintf("parameter %s %s; did you mean %s?", e.Parameter, e.Problem, e.Suggestion)
}

// Sentence returns it for the person who typed the value.
func (e *ParameterError) Sentence() string {
	text := "Parameter " + e.Parameter
	if e.Help != "" {
		text += " (" + strings.TrimSuffix(e.Help, ".") + ")"
	}
	text += " " + e.Problem
	if e.Suggestion != "" {
		return text + "; did you mean " + e.Suggestion + "?"
	}
	return text + "."
}

// Bind checks what a person gave for an action's parameters, fills in the defaults and returns every parameter in
// canonical form.
//
// The error is a *ParameterError, or several joined (errors.Join): first the names that the action does not have, sorted,
// then the values in declared order.
func (a *Action) Bind(raw map[string]string) (Values, error) {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if _, ok := a.Parameter(name); !ok {
			problems = append(problems, a.unknown(name))
		}
	}
	values := make(Values, len(a.Parameters))
	for _, p := range a.Parameters {
		typed, given := raw[p.Name]
		value, err := p.bind(typed, given)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		values[p.Name] = value
	}
	switch len(problems) {
	case 0:
		return values, nil
	case 1:
		return nil, problems[0]
	}
	return nil, errors.Join(problems...)
}

func (p Parameter) bind(typed string, given bool) (string, error) {
	if !given {
		if p.Default == nil {
			return "", &ParameterError{Parameter: p.Name, Problem: "is missing: add `" + p.Name + "=…`", Help: p.Help}
		}
		typed = *p.Default
	}
	value, f := p.canonical(typed)
	if f != nil {
		return "", &ParameterError{Parameter: p.Name, Problem: f.problem, Suggestion: f.suggestion, Help: p.Help}
	}
	return value, nil
}

func (a *Action) unknown(name string) *ParameterError {
	names := a.parameterNames()
	e := &ParameterError{
		Parameter:  printable(name),
		Problem:    "is not known to " + a.Name,
		Suggestion: closest(name, names),
	}
	if len(names) == 0 {
		e.Problem = "is not known to " + a.Name + ", which takes none"
	}
	return e
}
