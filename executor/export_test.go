package executor

// SelectServers is selectServers, for the tests.
var SelectServers = selectServers
