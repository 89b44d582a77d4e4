package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"drover/executor"
	"drover/executor/ssh"
	"drover/store"
)

func (c *cli) credentialCommand() *cobra.Command {
	return group("credential", "How drover logs in to servers", c.credentialAdd(), c.credentialList(), c.credentialRemove())
}

func (c *cli) credentialAdd() *cobra.Command {
	var keyFile string
	var password, sudo bool
	cmd := &cobra.Command{
		Use:   "add NAME --key-file FILE | --password-stdin [--sudo-password-stdin]",
		Short: "Keep a key or password, encrypted",
		Long: "Keep a private key or a password, and the password for sudo if it asks for one. Passwords are read from standard\n" +
			"input, one line each: the login's first, then sudo's. On a terminal they are asked for and not shown.\n" +
			"Without --sudo-password-stdin a password login uses the same password for sudo, and a key login expects NOPASSWD.",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&keyFile, "key-file", "", "a private key, as ssh-keygen makes it")
	cmd.Flags().BoolVar(&password, "password-stdin", false, "log in with a password from standard input")
	cmd.Flags().BoolVar(&sudo, "sudo-password-stdin", false, "read sudo's password from standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !executor.NamePattern.MatchString(args[0]) {
			return badName(args[0])
		}
		if (keyFile != "") == password {
			return usage("say how to log in: either --key-file FILE or --password-stdin")
		}
		secrets, err := c.readSecrets(keyFile, sudo)
		if err != nil {
			return err
		}
		return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
			if err := s.AddCredential(cmd.Context(), actor, args[0], secrets); err != nil {
				return fmt.Errorf("credential %s: %w", args[0], err)
			}
			fmt.Fprintf(c.out, "Credential %s is kept, encrypted.\n", args[0])
			return nil
		})
	}
	return cmd
}

func badName(name string) error {
	return usage("%q cannot be a name: use lower-case letters, digits, '.', '_' and '-', and begin with a letter or digit", name)
}

func (c *cli) readSecrets(keyFile string, sudo bool) (store.Secrets, error) {
	secrets := store.Secrets{Kind: store.CredentialPassword}
	lines := bufio.NewReader(c.in)
	var err error
	if keyFile != "" {
		secrets.Kind = store.CredentialKey
		if secrets.Login, err = os.ReadFile(keyFile); err != nil {
			return secrets, usage("cannot read the key: %w", err)
		}
		if err := ssh.CheckPrivateKey(secrets.Login); err != nil {
			return secrets, usage("%s: %w", keyFile, err)
		}
	} else if secrets.Login, err = c.readSecret(lines, "Login password"); err != nil {
		return secrets, err
	}
	if sudo {
		secrets.Sudo, err = c.readSecret(lines, "sudo password")
	}
	return secrets, err
}

// readSecret reads one line. On a terminal it asks for it without showing it.
func (c *cli) readSecret(lines *bufio.Reader, what string) ([]byte, error) {
	if file, ok := c.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprintf(c.err, "%s: ", what)
		secret, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(c.err)
		return nonEmpty(secret, what, err)
	}
	line, err := lines.ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return nonEmpty([]byte(strings.TrimRight(line, "\r\n")), what, err)
}

func nonEmpty(secret []byte, what string, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("read the %s: %w", what, err)
	}
	if len(secret) == 0 {
		return nil, usage("the %s is empty: give it as a line on standard input", what)
	}
	return secret, nil
}

func (c *cli) credentialList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List credentials, never their secrets", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withStore(cmd.Context(), func(s *store.Store) error {
			credentials, err := s.Credentials(cmd.Context())
			if err != nil {
				return err
			}
			return printList(c.out, asJSON, credentials, "NAME\tKIND\tSUDO PASSWORD\tSERVERS", func(k store.Credential) string {
				return fmt.Sprintf("%s\t%s\t%s\t%d", k.Name, k.Kind, yesNo(k.HasSudo), k.ServerCount)
			})
		})
	}
	return cmd
}

func (c *cli) credentialRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a credential that no server uses", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
				err := s.RemoveCredential(cmd.Context(), actor, args[0])
				if errors.Is(err, store.ErrInUse) {
					return usage("credential %s is in use: give its servers another one first (`drover server list` shows them)", args[0])
				}
				if err != nil {
					return fmt.Errorf("credential %s: %w", args[0], err)
				}
				fmt.Fprintf(c.out, "Credential %s is forgotten.\n", args[0])
				return nil
			})
		},
	}
}
