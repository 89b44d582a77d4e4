package sshtest

import (
	"bytes"
	"errors"

	gossh "golang.org/x/crypto/ssh"
)

var errRefused = errors.New("login refused")

// login makes the server's side of the authentication.
func (s *Server) login(f faults) *gossh.ServerConfig {
	config := &gossh.ServerConfig{
		MaxAuthTries:  6,
		ServerVersion: "SSH-2.0-OpenSSH_9.2",
		PublicKeyCallback: func(c gossh.ConnMetadata, key gossh.PublicKey) (*gossh.Permissions, error) {
			for _, known := range s.config.Users[c.User()].AuthorizedKeys {
				if !f.refuseLogin && bytes.Equal(known.Marshal(), key.Marshal()) {
					return nil, nil
				}
			}
			return nil, errRefused
		},
		KeyboardInteractiveCallback: func(c gossh.ConnMetadata, ask gossh.KeyboardInteractiveChallenge) (*gossh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errRefused
			}
			return nil, s.checkPassword(f, c.User(), answers[0])
		},
		BannerCallback: func(gossh.ConnMetadata) string { return s.config.Banner },
	}
	if !s.interactiveOnly() {
		config.PasswordCallback = func(c gossh.ConnMetadata, password []byte) (*gossh.Permissions, error) {
			return nil, s.checkPassword(f, c.User(), string(password))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	config.AddHostKey(s.key)
	return config
}

func (s *Server) checkPassword(f faults, user, password string) error {
	u := s.config.Users[user]
	if f.refuseLogin || u.Password == "" || u.Password != password {
		return errRefused
	}
	return nil
}

// interactiveOnly: the methods are offered before the user is known, so one user decides for all.
func (s *Server) interactiveOnly() bool {
	for _, u := range s.config.Users {
		if u.KeyboardInteractiveOnly {
			return true
		}
	}
	return false
}
