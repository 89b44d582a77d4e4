package executor_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"drover/executor"
	"drover/store"
)

func TestCompareNames(t *testing.T) {
	ordered := strings.Fields(`1 2 10 10.0.0.2 10.0.0.10 db1 db-1 web web0 web01 web1 web2 web010 web10 web10a web10b2 web10b10 web18446744073709551616 x`)
	for i, a := range ordered {
		for j, b := range ordered {
			if got := executor.CompareNames(a, b); sign(got) != sign(i-j) {
				t.Errorf("compare %s with %s: %d", a, b, got)
			}
		}
	}
}

func sign(n int) int { return max(-1, min(1, n)) }

// names draws names that are near to one another, with numbers of every length.
func names() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		stem := rapid.SampledFrom([]string{"", "web", "web-", "w", "db.", "0", "9"}).Draw(t, "stem")
		number := rapid.OneOf(
			rapid.StringMatching(`0{0,2}[0-9]{1,2}`), rapid.StringMatching(`99999999[0-9]|100000000[0-9]`), rapid.StringMatching(`[0-9]{15,25}`), rapid.Just(""),
		).Draw(t, "number")
		name := stem + number + rapid.SampledFrom([]string{"", "", "", "a", ".example"}).Draw(t, "rest")
		if !executor.NamePattern.MatchString(name) {
			name = "x" + name
		}
		return name
	})
}

func TestCompareNamesIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := names().Draw(t, "a"), names().Draw(t, "b"), names().Draw(t, "c")
		compare := executor.CompareNames
		if sign(compare(a, b)) != -sign(compare(b, a)) || (compare(a, b) == 0) != (a == b) {
			t.Fatalf("%s and %s: %d, %d", a, b, compare(a, b), compare(b, a))
		}
		if compare(a, b) <= 0 && compare(b, c) <= 0 && compare(a, c) > 0 {
			t.Fatalf("%s ≤ %s ≤ %s, but %s > %s", a, b, c, a, c)
		}
	})
}

func TestFoldNames(t *testing.T) {
	for names, want := range map[string]string{
		"":                        "",
		"web1":                    "web1",
		"web2 web1":               "web1 web2",
		"web3 web1 web2":          "web[1-3]",
		"web9 web10 web11 web8":   "web[8-11]",
		"web1 web2 web3 web5":     "web[1-3] web5",
		"web1 web2 web3 db1 web7": "db1 web[1-3] web7",
		"web01 web02 web03":       "web0[1-3]",
		"web08 web09 web10":       "web08 web09 web10",
		"1 2 3":                   "[1-3]",
		"web web1":                "web web1",
		"web0 web1 web2":          "web[0-2]",
		"web999999999 web1000000000 web1000000001": "web[999999999-1000000001]",
		"we`b": "we'b",
	} {
		if got := executor.FoldNames(strings.Fields(names)); got != want {
			t.Errorf("%q: got %q, want %q", names, got, want)
		}
	}
}

func TestFoldedNamesReadBackAsTheSameServers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfNDistinct(names(), 1, 30, rapid.ID).Draw(t, "names")
		if rapid.Bool().Draw(t, "with a row") {
			want = slices.Compact(slices.Sorted(slices.Values(append(want, row(t)...))))
		}
		others := rapid.SliceOf(names()).Draw(t, "others")
		known := slices.Compact(slices.Sorted(slices.Values(append(others, want...))))
		var servers []store.Server
		for _, name := range known {
			servers = append(servers, store.Server{Name: name})
		}
		folded := executor.FoldNames(want)
		selected, err := executor.SelectServers(strings.Fields(folded), servers)
		if err != nil {
			t.Fatalf("%q: %v", folded, err)
		}
		var got []string
		for _, s := range selected {
			got = append(got, s.Name)
		}
		slices.SortFunc(want, executor.CompareNames)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", folded, diff)
		}
	})
}

// row is a row of names with numbers that follow on one another.
func row(t *rapid.T) []string {
	first := rapid.SampledFrom([]int{0, 1, 8, 98, 999_999_998}).Draw(t, "first")
	var list []string
	for n := range rapid.IntRange(1, 15).Draw(t, "length") {
		list = append(list, "row"+strconv.Itoa(first+n))
	}
	return list
}
