package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"drover/executor"
	"drover/executor/ssh"
	"drover/store"
)

func (c *cli) credentialCommand() *cobra.Command {
	return group("credential", "How drover logs in to servers", c.credentialAdd(), c.credentialEdit(), c.credentialList(), c.credentialRemove())
}

// loginFlags say how a credential logs in.
type loginFlags struct {
	keyFile, certificateFile          string
	passphrase, password, agent, sudo bool
}

func (f *loginFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "a private key, as ssh-keygen makes it")
	cmd.Flags().StringVar(&f.certificateFile, "certificate-file", "", "the certificate of the private key, as ssh-keygen -s makes it")
	cmd.Flags().BoolVar(&f.passphrase, "passphrase-stdin", false, "read the private key's passphrase from standard input; the key is kept without it, encrypted by drover")
	cmd.Flags().BoolVar(&f.agent, "agent", false, "log in with the keys of the ssh-agent in drover's SSH_AUTH_SOCK")
	cmd.Flags().BoolVar(&f.password, "password-stdin", false, "log in with a password from standard input")
	cmd.Flags().BoolVar(&f.sudo, "sudo-password-stdin", false, "read sudo's password from standard input")
}

// ways counts the ways to log in that are given.
func (f *loginFlags) ways() (n int) {
	for _, given := range []bool{f.keyFile != "", f.password, f.agent} {
		if given {
			n++
		}
	}
	return n
}

// check wants one way to log in, or, when the login may stay as it is, at most one.
func (f *loginFlags) check(mayStay bool) error {
	ways := f.ways()
	switch {
	case ways > 1, ways == 0 && !mayStay:
		return usage("say how to log in: either --key-file FILE or --password-stdin, or --agent")
	case f.keyFile == "" && (f.certificateFile != "" || f.passphrase):
		return usage("--certificate-file and --passphrase-stdin belong to a --key-file")
	}
	return nil
}

func (c *cli) credentialAdd() *cobra.Command {
	var flags loginFlags
	cmd := &cobra.Command{
		Use:   "add NAME --key-file FILE | --agent | --password-stdin [--sudo-password-stdin]",
		Short: "Keep a key or password, encrypted",
		Long: "Keep a private key or a password, and the password for sudo if it asks for one. Secrets are read from standard\n" +
			"input, one line each: the login's (or the key's passphrase) first, then sudo's. On a terminal they are asked for and not shown.\n" +
			"Without --sudo-password-stdin a password login uses the same password for sudo, and any other login expects NOPASSWD.",
		Args: cobra.ExactArgs(1),
	}
	flags.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !executor.NamePattern.MatchString(args[0]) {
			return badName(args[0])
		}
		if err := flags.check(false); err != nil {
			return err
		}
		secrets, err := c.readSecrets(flags)
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

func (c *cli) credentialEdit() *cobra.Command {
	var flags loginFlags
	var noSudo bool
	cmd := &cobra.Command{
		Use:   "edit NAME [--key-file FILE | --agent | --password-stdin] [--sudo-password-stdin | --no-sudo-password]",
		Short: "Replace secrets of a credential, for all its servers",
		Long: "Replace the key or password, or the password for sudo; what is not named stays as it is. Its servers log in with the new one from their\n" +
			"next connection on, and nothing else about them changes. Secrets are read as by add.",
		Args: cobra.ExactArgs(1),
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&noSudo, "no-sudo-password", false, "forget sudo's password: sudo asks for none (NOPASSWD), or takes the login's password")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(true); err != nil {
			return err
		}
		if flags.sudo && noSudo || flags.ways() == 0 && !flags.sudo && !noSudo {
			return usage("say what to replace: the login (--key-file, --password-stdin, --agent), or sudo's password (--sudo-password-stdin or --no-sudo-password)")
		}
		secrets, err := c.readSecrets(flags)
		if err != nil {
			return err
		}
		edit := store.CredentialEdit{Sudo: secrets.Sudo, DropSudo: noSudo}
		if flags.ways() > 0 {
			edit.Login = &secrets
		}
		return c.change(cmd.Context(), func(s *store.Store, actor store.Actor) error {
			if err := s.EditCredential(cmd.Context(), actor, args[0], edit); err != nil {
				return fmt.Errorf("credential %s: %w", args[0], err)
			}
			fmt.Fprintf(c.out, "Credential %s is changed.\n", args[0])
			return nil
		})
	}
	return cmd
}

func badName(name string) error {
	return usage("%q cannot be a name: use lower-case letters, digits, '.', '_' and '-', and begin with a letter or digit", name)
}

func (c *cli) readSecrets(flags loginFlags) (secrets store.Secrets, err error) {
	lines := bufio.NewReader(c.in)
	switch {
	case flags.ways() == 0: // the login stays as it is
	case flags.agent:
		secrets.Kind = store.CredentialAgent
	case flags.password:
		secrets.Kind = store.CredentialPassword
		secrets.Login, err = c.readSecret(lines, "login password")
	default:
		secrets, err = c.readKey(lines, flags)
	}
	if err == nil && flags.sudo {
		secrets.Sudo, err = c.readSecret(lines, "sudo password")
	}
	return secrets, err
}

// readKey reads a private key, takes its passphrase off, and checks the certificate that belongs to it.
func (c *cli) readKey(lines *bufio.Reader, flags loginFlags) (store.Secrets, error) {
	secrets := store.Secrets{Kind: store.CredentialKey}
	key, err := os.ReadFile(flags.keyFile)
	if err != nil {
		return secrets, usage("cannot read the key: %w", err)
	}
	err = ssh.CheckPrivateKey(key)
	if errors.Is(err, ssh.ErrPassphrase) && (flags.passphrase || c.onTerminal()) {
		var passphrase []byte
		if passphrase, err = c.readSecret(lines, "passphrase of "+flags.keyFile); err != nil {
			return secrets, err
		}
		key, err = ssh.UnlockPrivateKey(key, passphrase)
	} else if errors.Is(err, ssh.ErrPassphrase) {
		err = fmt.Errorf("%w: give it with --passphrase-stdin", err)
	}
	if err != nil {
		return secrets, usage("%s: %w", flags.keyFile, err)
	}
	secrets.Login = key
	if flags.certificateFile == "" {
		return secrets, nil
	}
	secrets.Kind = store.CredentialCertificate
	if secrets.Certificate, err = os.ReadFile(flags.certificateFile); err != nil {
		return secrets, usage("cannot read the certificate: %w", err)
	}
	if err := ssh.CheckCertificate(secrets.Certificate, key, time.Now()); err != nil {
		return secrets, usage("%s: %w", flags.certificateFile, err)
	}
	return secrets, nil
}

func (c *cli) onTerminal() bool {
	file, ok := c.in.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// readSecret reads one line. On a terminal it asks for it without showing it.
func (c *cli) readSecret(lines *bufio.Reader, what string) ([]byte, error) {
	if file, ok := c.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprintf(c.err, "%s: ", strings.ToUpper(what[:1])+what[1:])
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
