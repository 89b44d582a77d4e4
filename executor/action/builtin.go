package action

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed builtin/*.yaml
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
		builtins[i] = Builtin{Name: strings.TrimSuffix(path.Base(file), ".yaml"), YAML: text}
	}
	return builtins, nil
}
