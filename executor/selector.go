package executor

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"drover/store"
)

var (
	// NamePattern is what a server, credential or action may be called.
	NamePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	rangePattern = regexp.MustCompile(`^([a-z0-9._-]*)\[([0-9]+)-([0-9]+)\]([a-z0-9._-]*)$`)
	globPattern  = regexp.MustCompile(`^[a-z0-9._*?-]+$`)
)

// maxRange bounds how many names one range can stand for.
const maxRange = 10_000

// selectServers resolves the words that name servers, in the natural order of their names: web2 before web10. A word
// that names nothing is an error: an operator who mistypes must not get fewer servers than meant.
func selectServers(words []string, all []store.Server) ([]store.Server, error) {
	chosen := map[string]bool{}
	included := false
	for _, word := range words {
		pattern, exclude := strings.CutPrefix(word, "!")
		names, err := match(pattern, all)
		if err != nil {
			return nil, err
		}
		included = included || !exclude
		for _, name := range names {
			if exclude {
				chosen[name] = false
			} else if _, seen := chosen[name]; !seen {
				chosen[name] = true
			}
		}
	}
	if !included {
		return nil, usage("Say on which servers: names, `web*`, `web[1-3]`, `tag:prod` or `all`.")
	}
	var list []store.Server
	for _, server := range all {
		if chosen[server.Name] {
			list = append(list, server)
		}
	}
	slices.SortFunc(list, func(a, b store.Server) int { return CompareNames(a.Name, b.Name) })
	return list, nil
}

// match returns the names that one word stands for.
func match(word string, all []store.Server) ([]string, error) {
	if word == "all" {
		return names(all, func(store.Server) bool { return true }), nil
	}
	if tag, ok := strings.CutPrefix(word, "tag:"); ok {
		return matchTag(tag, all)
	}
	if parts := rangePattern.FindStringSubmatch(word); parts != nil {
		return matchRange(word, parts, all)
	}
	if strings.ContainsAny(word, "*?") && globPattern.MatchString(word) {
		found := names(all, func(s store.Server) bool { ok, _ := path.Match(word, s.Name); return ok })
		if len(found) == 0 {
			return nil, usage("No server's name matches `%s`.", word)
		}
		return found, nil
	}
	return exactly([]string{word}, all)
}

func matchTag(tag string, all []store.Server) ([]string, error) {
	found := names(all, func(s store.Server) bool { return s.HasTag(tag) })
	if len(found) > 0 {
		return found, nil
	}
	var tags []string
	for _, s := range all {
		for _, t := range s.Tags {
			tags = append(tags, "tag:"+t)
		}
	}
	return nil, usage("No server has the tag `%s`.%s", quotable(tag), DidYouMean("tag:"+tag, tags))
}

func matchRange(word string, parts []string, all []store.Server) ([]string, error) {
	first, err1 := strconv.Atoi(parts[2])
	last, err2 := strconv.Atoi(parts[3])
	if err1 != nil || err2 != nil || first > last || last-first >= maxRange {
		return nil, usage("`%s` is not a range: write the smaller number first, as in `web[1-20]`.", word)
	}
	width := 0
	if strings.HasPrefix(parts[2], "0") {
		width = len(parts[2])
	}
	var wanted []string
	for n := first; n <= last; n++ {
		wanted = append(wanted, fmt.Sprintf("%s%0*d%s", parts[1], width, n, parts[4]))
	}
	return exactly(wanted, all)
}

// exactly returns the names if every one of them is a server's.
func exactly(wanted []string, all []store.Server) ([]string, error) {
	known := names(all, func(store.Server) bool { return true })
	var unknown []string
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return wanted, nil
	}
	hint := DidYouMean(unknown[0], known)
	if hint == "" {
		hint = " `list` shows the servers."
	}
	return nil, usage("No server is called %s.%s", FoldNames(unknown), hint)
}

// FindServer returns a server by its name, or a refusal with the nearest name.
func (e *Engine) FindServer(ctx context.Context, name string) (store.Server, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return store.Server{}, err
	}
	if _, err := exactly([]string{name}, all); err != nil {
		return store.Server{}, err
	}
	return all[slices.IndexFunc(all, func(s store.Server) bool { return s.Name == name })], nil
}

func names(servers []store.Server, keep func(store.Server) bool) []string {
	var list []string
	for _, s := range servers {
		if keep(s) {
			list = append(list, s.Name)
		}
	}
	return list
}

// quotable keeps typed text from breaking out of the code quotes of an answer, and from hiding in it.
func quotable(word string) string {
	word = strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case hidden(r):
			return utf8.RuneError
		}
		return r
	}, word)
	if runes := []rune(word); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return word
}

var digits = regexp.MustCompile(`[0-9]+|[^0-9]+`)

// CompareNames orders names as people do: web2 before web10.
func CompareNames(a, b string) int {
	as, bs := digits.FindAllString(a, -1), digits.FindAllString(b, -1)
	for i := range min(len(as), len(bs)) {
		if c := compareChunks(as[i], bs[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// compareChunks orders numbers by their value, however long they are, and everything else by its text.
func compareChunks(a, b string) int {
	if isNumber(a) && isNumber(b) {
		x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a, b)
}

func isNumber(chunk string) bool { return chunk[0] >= '0' && chunk[0] <= '9' }
