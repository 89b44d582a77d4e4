// Package action is the whitelist: what drover may run on a server, with which parameters, as which command on
// which platform, and what the output of it means.
//
// An action is read from YAML by Parse, which refuses everything it does not know. Bind turns what a person typed into
// Values, Command turns Values into the exact text for the server, and Summarize turns what came back into a line for
// a phone. The built-in actions are YAML files like everybody else's and have no privilege.
//
// A value never becomes part of a program. In the list form it is a part of one quoted word; in the script form it is a
// positional argument that the script reads from a variable.
package action
