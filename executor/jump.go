package executor

import (
	"context"
	"errors"
	"fmt"

	"drover/executor/ssh"
	"drover/store"
)

// Jump is a server through which others are reached, as far as it decides where a command goes.
type Jump struct {
	ServerID     string   `json:"server_id"`
	Server       string   `json:"server"`
	Address      string   `json:"address"`
	Port         int      `json:"port"`
	User         string   `json:"user"`
	CredentialID string   `json:"credential_id"`
	HostKeys     []string `json:"host_keys"`
	Jump         *Jump    `json:"jump,omitempty"`
}

// jumpOf is the way to a server that is fit to be reached, or nil.
func jumpOf(server store.Server) *Jump {
	s := server.Through
	if s == nil {
		return nil
	}
	return &Jump{
		ServerID: s.ID, Server: s.Name, Address: s.Address, Port: s.Port, User: s.LoginUser,
		CredentialID: *s.CredentialID, HostKeys: pinned(*s), Jump: jumpOf(*s),
	}
}

// logins opens credentials for connections that are about to be made.
type logins struct {
	store  *store.Store
	agent  string   // the socket of the ssh-agent; "": none
	hidden []string // further secrets that no output may show
}

func (e *Engine) logins() logins { return logins{e.store, e.agent, e.hidden} }

// way makes the connection's side of a jump host, with its login.
func (l logins) way(ctx context.Context, j *Jump) (*ssh.Server, error) {
	if j == nil {
		return nil, nil
	}
	login, err := l.login(ctx, j.CredentialID)
	if err != nil {
		return nil, fmt.Errorf("the login of its jump host %s: %w", j.Server, err)
	}
	further, err := l.way(ctx, j.Jump)
	if err != nil {
		return nil, err
	}
	return &ssh.Server{
		Name: j.Server, Address: j.Address, Port: j.Port, User: j.User, HostKeys: j.HostKeys, Login: login, Jump: further,
	}, nil
}

// login is what a server accepts, as it is stored now. With it go the secrets of all other logins: what a command prints
// of those is hidden too.
func (l logins) login(ctx context.Context, credentialID string) (ssh.Login, error) {
	secrets, err := l.store.Secrets(context.WithoutCancel(ctx), credentialID)
	if err != nil {
		return ssh.Login{}, err
	}
	hidden, err := l.store.HiddenSecrets(context.WithoutCancel(ctx))
	if err != nil {
		return ssh.Login{}, err
	}
	login := ssh.Login{SudoPassword: string(secrets.Sudo), Hidden: append(hidden, l.hidden...)}
	switch secrets.Kind {
	case store.CredentialKey, store.CredentialCertificate:
		login.PrivateKey, login.Certificate = secrets.Login, secrets.Certificate
	case store.CredentialAgent:
		login.AgentSocket = l.agent
		if l.agent == "" {
			return login, fmt.Errorf("SSH_AUTH_SOCK was not set when drover was started")
		}
	default:
		login.Password = string(secrets.Login)
		if secrets.Sudo == nil {
			login.SudoPassword = login.Password // sudo asks for the login's own password unless told otherwise
		}
	}
	return login, nil
}

// ScanHostKeys asks a server for its host keys, through its jump host if it has one. When the server does not show them,
// the error is an *ssh.Error.
func (e *Engine) ScanHostKeys(ctx context.Context, server store.Server) ([]ssh.HostKey, error) {
	if server.Through != nil {
		if why := unfit(*server.Through); why != "" {
			return nil, usage("%s cannot be reached: its jump host %s: %s.", server.Name, server.Through.Name, why)
		}
	}
	jump, err := e.logins().way(ctx, jumpOf(server))
	if err != nil {
		return nil, err
	}
	keys, err := e.ssh.ScanHostKeysThrough(ctx, jump, server.Address, server.Port)
	var failure *ssh.Error
	if errors.As(err, &failure) {
		failure.Server = server.Name
	}
	return keys, err
}

// Close ends the connections that are kept.
func (e *Engine) Close() { e.ssh.Close() }
