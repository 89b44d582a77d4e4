package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the pages call the proof of a claim: a test, or a story.
var (
	namedTest  = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`")
	namedStory = regexp.MustCompile("`([a-z0-9-]+\\.txtar)`")
)

// A claim whose test was renamed or removed is a claim without a test.
func TestDocsNameTestsThatExist(t *testing.T) {
	const root = "../.."
	tests := testNames(t, root)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, page := range append(pages, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range namedTest.FindAllStringSubmatch(string(text), -1) {
			named++
			if !tests[name[1]] {
				t.Errorf("%s names %s: there is no such test", page, name[1])
			}
		}
		for _, name := range namedStory.FindAllStringSubmatch(string(text), -1) {
			named++
			if _, err := os.Stat(filepath.Join("testdata", "script", name[1])); err != nil {
				t.Errorf("%s names %s: there is no such story", page, name[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d names were found", named)
	}
}

// testNames are the tests of the whole repository.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range declared.FindAllStringSubmatch(string(text), -1) {
			names[name[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
