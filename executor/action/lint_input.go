package action

import "mvdan.cc/sh/v3/syntax"

// hereDocument refuses a parameter in a here-document that a shell reads: its quotes do not protect there.
func (l *linter) hereDocument(s *syntax.Stmt) {
	if !l.runsInput(s) {
		return
	}
	for _, r := range s.Redirs {
		if r.Hdoc != nil && l.mentions(r.Hdoc) {
			l.add(r.Pos(), "a parameter is in a here-document that is run as code")
		}
	}
}

// pipe refuses a parameter on its way into a shell.
func (l *linter) pipe(b *syntax.BinaryCmd) {
	if b.Op == syntax.Pipe && l.runsInput(b.Y) && l.mentions(b.X) {
		l.add(b.OpPos, "a parameter is piped into a command that runs or splits it")
	}
}

// runsInput reports whether any command of a statement, also inside a group or a loop, runs its standard input.
func (l *linter) runsInput(s *syntax.Stmt) bool {
	if s.Cmd == nil {
		return false
	}
	found := false
	syntax.Walk(s.Cmd, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && readsCode(l.words(call.Args)) {
			found = true
		}
		return !found
	})
	return found
}
