// Package store holds drover's nouns and their SQL: servers, credentials, users, bindings, actions, runs,
// targets, messages, the inbox, settings and the audit log, in one SQLite file.
//
// One file per noun. An exported method is one transaction, with the audit entry of the change inside it;
// unexported helpers take the transaction. Every state transition begins with a conditional UPDATE and looks at
// the rows affected: a transition that somebody else has made already returns false, not an error.
package store
