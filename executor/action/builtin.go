package action

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed builtin/*.yaml builtin/*.sh
var builtinFiles embed.FS

// Builtin is one action that comes with drover, as the file it is read from.
type Builtin struct {
	Name string
	YAML []byte
}

// Builtins returns the actions that come with drover, sorted by name. Parse reads each of them like any other file.
func Builtins() ([]Builtin, error) {
	files, err := fs.Glob(builtinFiles, "builtin/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the built-in actions: %w", err)
	}
	builtins := make([]Builtin, len(files))
	for i, file := range files {
		text, err := builtinFiles.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the built-in action %s: %w", file, err)
		}
		whole, err := include(string(text))
		if err != nil {
			return nil, fmt.Errorf("put the built-in action %s together: %w", file, err)
		}
		builtins[i] = Builtin{Name: strings.TrimSuffix(path.Base(file), ".yaml"), YAML: []byte(whole)}
	}
	slices.SortFunc(builtins, func(a, b Builtin) int { return strings.Compare(a.Name, b.Name) })
	return builtins, nil
}

// include puts the shell functions that several built-ins share in the place of the line that names them,
// `#include kernel.sh`. What is recorded, shown and run is the whole text.
func include(yaml string) (string, error) {
	var whole strings.Builder
	for line := range strings.Lines(yaml) {
		indent, name, ok := strings.Cut(line, "#include ")
		if !ok {
			whole.WriteString(line)
			continue
		}
		shared, err := builtinFiles.ReadFile("builtin/" + strings.TrimSpace(name))
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(shared)) {
			if line != "\n" {
				whole.WriteString(indent)
			}
			whole.WriteString(line)
		}
	}
	return whole.String(), nil
}
