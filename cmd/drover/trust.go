package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drover/executor"
	"drover/executor/ssh"
	"drover/store"
)

func (c *cli) serverTrust() *cobra.Command {
	var fingerprint string
	var yes bool
	cmd := &cobra.Command{
		Use:   "trust NAME [--fingerprint SHA256:… | --yes]",
		Short: "Pin a server's host keys",
		Long: "Fetch the host keys that a server shows, and pin them: drover talks to it only while it proves one of them.\n" +
			"Compare the fingerprints with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the server's own console.",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&fingerprint, "fingerprint", "", "pin the key with this fingerprint, and only it")
	cmd.Flags().BoolVar(&yes, "yes", false, "pin whatever the server shows now")
	atMostOne(cmd, "fingerprint", "yes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		actor, err := c.actor()
		if err != nil {
			return err
		}
		return c.withEngine(cmd.Context(), "trust/", func(s *store.Store, engine *executor.Engine) error {
			server, err := s.ServerNamed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			offered, err := engine.ScanHostKeys(cmd.Context(), server)
			var failure *ssh.Error
			if errors.As(err, &failure) {
				return failed("%s Nothing was pinned.", failure.Sentence())
			}
			if err != nil {
				return fmt.Errorf("fetch the host keys of %s: %w", server.Name, err)
			}
			chosen, err := c.chooseKeys(server, offered, fingerprint, yes)
			if err != nil {
				return err
			}
			return c.pin(cmd.Context(), s, actor, server, chosen)
		})
	}
	return cmd
}

// chooseKeys decides which of the offered keys are pinned: the one that was named, or all after a yes.
func (c *cli) chooseKeys(server store.Server, offered []ssh.HostKey, fingerprint string, yes bool) ([]ssh.HostKey, error) {
	if fingerprint != "" {
		for _, key := range offered {
			if key.Fingerprint == fingerprint {
				return []ssh.HostKey{key}, nil
			}
		}
		return nil, failed("%s shows no key with the fingerprint %s, but %s. Nothing was pinned: check the fingerprint on the server's own console, for somebody may be in between.",
			server.Name, fingerprint, fingerprints(offered))
	}
	fmt.Fprintf(c.out, "%s (%s:%d) shows:\n", server.Name, server.Address, server.Port)
	for _, key := range offered {
		fmt.Fprintf(c.out, "  %-20s %s%s\n", key.Type, key.Fingerprint, pinnedMark(server, key))
	}
	if yes {
		return offered, nil
	}
	fmt.Fprintf(c.out, "Are these the server's own? [y/N] ")
	answer, _ := bufio.NewReader(c.in).ReadString('\n') // no answer is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes": // ssh itself asks for the whole word
	default:
		return nil, usage("nothing was pinned: answer y, or give --fingerprint or --yes")
	}
	return offered, nil
}

func pinnedMark(server store.Server, key ssh.HostKey) string {
	for _, pin := range server.HostKeys {
		if pin.Fingerprint == key.Fingerprint {
			return "  (pinned already)"
		}
	}
	if len(server.HostKeys) > 0 {
		return "  (NEW: not one of the pinned keys)"
	}
	return ""
}

func fingerprints(keys []ssh.HostKey) string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = key.Fingerprint
	}
	return strings.Join(list, ", ")
}

func (c *cli) pin(ctx context.Context, s *store.Store, actor store.Actor, server store.Server, keys []ssh.HostKey) error {
	pins := make([]store.HostKey, len(keys))
	for i, key := range keys {
		pins[i] = store.HostKey{PublicKey: key.AuthorizedKey, Fingerprint: key.Fingerprint}
	}
	if err := s.PinHostKeys(ctx, actor, server.Name, pins); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Server %s is trusted by %s.\n", server.Name, fingerprints(keys))
	return nil
}
