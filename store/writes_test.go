package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// unaudited are the functions whose transactions leave no entry in the log, each with the reason why that is right.
// Requests, refusals, decisions, dispatches, results, expiries and changes of configuration, rights or trust never
// belong here.
var unaudited = map[string]string{
	"FileAnchors":   "that a file has what the rows say",
	"anchor":        "where the log ends: an entry about it would move that end",
	"AddFile":       "shows rows that are there",
	"ClaimProbe":    "which process asks; what comes of it is told by EndProbes and Prove",
	"ClaimLook":     "which process looks",
	"CreateOffer":   "what somebody is about to be shown; the trust that follows is told by PinHostKeys",
	"DoubtUsers":    "what Slack said is asked anew; what changes by it is told by SaveUser",
	"CreateReplies": "shows rows that are there",
	"NotePending":   "what something waits for; its dispatch or its end is told",
	"NoteTarget":    "how something that runs stands; the dispatch before it and the result after it are told",
	"KeepLook":      "what a server looks like to those who decide; nothing was changed",
	"OfferPosted":   "where something is shown",
	"PostponeProbe": "when to ask next",
	"Receive":       "that Slack delivered something; what it asked for is told where it is answered",
	"ReleaseOwners": "makes what a dead process had due; what became of it is told when it is marked",
	"RemindReviews": "asks again for what is told already",
	"Renew":         "a sign of life",
	"SaveChannel":   "what Slack says, not a choice of anybody's",
	"TakeOffer":     "a click that counts once; the trust that follows is told by PinHostKeys",
	"TargetStarted": "the dispatch before it and the result after it are told",
	"keepKeyCheck":  "the first opening of a database: there is no key yet to sign an entry with",
	"updateMessage": "what became of a message that shows rows",
}

// direct are the functions that may use the writing connection without a transaction of the store's.
var direct = map[string]string{
	"open":    "makes the file and its schema",
	"Close":   "closes it",
	"attempt": "is where all transactions go through",
}

// Whoever adds a method that changes something meets this test: the change needs an entry in the log, in its own
// transaction, or a reason in unaudited.
func TestNoWriteIsUnaudited(t *testing.T) {
	code := parsePackage(t)
	for _, name := range code.callers("transact") {
		_, excused := unaudited[name]
		switch reaches := code.reaches(name, "audit"); {
		case !reaches && !excused:
			t.Errorf("%s changes rows and writes no audit entry: call t.audit in its transaction, or give the reason in unaudited", name)
		case reaches && excused:
			t.Errorf("%s writes an audit entry: take it out of unaudited", name)
		}
	}
	for name := range unaudited {
		if !slices.Contains(code.callers("transact"), name) {
			t.Errorf("%s, listed in unaudited, makes no transaction", name)
		}
	}
	for _, name := range code.such(func(f *function) bool { return f.reads["write"] }) {
		if direct[name] == "" {
			t.Errorf("%s uses the writing connection past the store's transactions", name)
		}
	}
}

// A table of what each method writes is only worth something when it is complete.
func TestEveryAuditedMethodIsInTheTable(t *testing.T) {
	code := parsePackage(t)
	for _, name := range code.such(func(f *function) bool { return f.exported }) {
		if code.reaches(name, "transact") && code.reaches(name, "audit") && !slices.ContainsFunc(entries, func(e entry) bool { return e.method == name }) {
			t.Errorf("%s writes audit entries: add a line to the table entries that says which", name)
		}
	}
}

// functions are those of the package store, by name, with what each calls and reads. Methods of the same name count as one.
type functions map[string]*function

type function struct {
	exported     bool // a method of Store that others can call
	calls, reads map[string]bool
}

func parsePackage(t *testing.T) functions {
	t.Helper()
	all := functions{}
	files, err := os.ReadDir(".")
	ok(t, err)
	for _, file := range files {
		if name := file.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			ok(t, err)
			for _, decl := range parsed.Decls {
				if f, isFunc := decl.(*ast.FuncDecl); isFunc {
					all.add(f)
				}
			}
		}
	}
	return all
}

func (all functions) add(decl *ast.FuncDecl) {
	f := all[decl.Name.Name]
	if f == nil {
		f = &function{calls: map[string]bool{}, reads: map[string]bool{}}
		all[decl.Name.Name] = f
	}
	f.exported = f.exported || decl.Name.IsExported() && ofStore(decl)
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			f.reads[n.Sel.Name] = true
		case *ast.CallExpr:
			switch called := n.Fun.(type) {
			case *ast.Ident:
				f.calls[called.Name] = true
			case *ast.SelectorExpr:
				f.calls[called.Sel.Name] = true
			}
		}
		return true
	})
}

func ofStore(decl *ast.FuncDecl) bool {
	if decl.Recv == nil {
		return false
	}
	pointer, isPointer := decl.Recv.List[0].Type.(*ast.StarExpr)
	if !isPointer {
		return false
	}
	name, isName := pointer.X.(*ast.Ident)
	return isName && name.Name == "Store"
}

// such lists the functions of a kind, in order.
func (all functions) such(kind func(*function) bool) []string {
	var list []string
	for name, f := range all {
		if kind(f) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func (all functions) callers(of string) []string {
	return all.such(func(f *function) bool { return f.calls[of] })
}

// reaches says whether a function calls another, itself or by way of others of the package.
func (all functions) reaches(from, to string) bool {
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(name string) bool {
		if name == to {
			return true
		}
		f := all[name]
		if f == nil || seen[name] {
			return false
		}
		seen[name] = true
		return slices.ContainsFunc(slices.Collect(maps.Keys(f.calls)), walk)
	}
	return walk(from)
}
