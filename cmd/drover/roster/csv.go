package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// CSV reads a table whose first line names its columns: name and address, and any of port, user, credential, platform,
// tags, note and jump, the name of the server through which it is reached. The separator is a comma, or a semicolon if the first line has no comma. Tags have spaces, commas,
// semicolons or bars between. An error means that the table cannot be read at all.
func CSV(text []byte) ([]Entry, []Left, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	reader := csv.NewReader(bytes.NewReader(text))
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.ContainsRune(first, ';') && !bytes.ContainsRune(first, ',') {
		reader.Comma = ';'
	}
	reader.FieldsPerRecord = -1 // each line is judged by itself
	reader.TrimLeadingSpace = true
	t := table{reader: reader}
	if err := t.header(); err != nil {
		return nil, nil, err
	}
	for t.next() {
	}
	return t.entries, order(t.left), nil
}

type table struct {
	reader  *csv.Reader
	columns []string
	entries []Entry
	left    []Left
}

// columns that a table may have.
func known(column string) bool {
	return slices.Contains([]string{"name", "address", "port", "user", "credential", "platform", "tags", "note", "jump"}, column)
}

func (t *table) header() error {
	names, err := t.reader.Read()
	if err != nil {
		return fmt.Errorf("read the first line, which names the columns: %w", err)
	}
	for _, name := range names {
		column := strings.ToLower(strings.TrimSpace(name))
		switch {
		case slices.Contains(t.columns, column):
			return fmt.Errorf("the column %q is there twice", column)
		case !known(column):
			t.leave(1, "the column %q: drover has no such field (name, address, port, user, credential, platform, tags, note, jump)", name)
		}
		t.columns = append(t.columns, column)
	}
	for _, needed := range []string{"name", "address"} {
		if !slices.Contains(t.columns, needed) {
			return fmt.Errorf("the first line names no column %q: it must name the columns, for example name,address,port,user,credential,tags", needed)
		}
	}
	return nil
}

func (t *table) leave(line int, format string, args ...any) {
	t.left = append(t.left, Left{line, fmt.Sprintf(format, args...)})
}

// next reads one line. One that cannot be read is left, and the next is read.
func (t *table) next() bool {
	values, err := t.reader.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return false
	case errors.As(err, &bad):
		t.leave(bad.StartLine, "it cannot be read: %v", bad.Err)
		return true
	case err != nil:
		return false // reading from memory does not fail
	}
	line, _ := t.reader.FieldPos(0)
	if len(values) != len(t.columns) {
		t.leave(line, "it has %d fields, and the first line names %d", len(values), len(t.columns))
		return true
	}
	t.take(line, values)
	return true
}

func (t *table) take(line int, values []string) {
	e := Entry{Line: line}
	for i, column := range t.columns {
		value := strings.TrimSpace(values[i])
		if value == "" {
			continue
		}
		if !t.set(&e, column, value) {
			return
		}
	}
	if at := slices.IndexFunc(t.entries, func(other Entry) bool { return other.Name == e.Name }); at >= 0 {
		t.leave(line, "%q stands in line %d already", e.Name, t.entries[at].Line)
		return
	}
	t.entries = append(t.entries, e)
}

// set puts one field into an entry, and says whether the entry can be used.
func (t *table) set(e *Entry, column, value string) bool {
	switch column {
	case "name":
		e.Name = value
	case "address":
		e.Address = value
	case "port":
		port, err := strconv.Atoi(value)
		if err != nil || port < 1 || port > 65535 {
			t.leave(e.Line, "%q is not a port: it is a number from 1 to 65535", value)
			return false
		}
		e.Port = port
	case "user":
		e.User = value
	case "credential":
		e.Credential = value
	case "platform":
		e.Platform = strings.ToLower(value)
	case "tags":
		e.Tags = strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,;|\t", r) })
	case "note":
		e.Note = value
	case "jump":
		e.Jump.Name = value
	}
	return true
}
