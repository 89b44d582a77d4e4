package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"drover/executor"
	"drover/store"
)

// buttonTrust pins host keys. Its value is the offer's id.
const buttonTrust = "server.trust"

// trust asks a server for its host keys and offers to pin them. Asking may take longer than an ack may, so it comes after.
func (b *Bot) trust(ctx context.Context, c command, words []string, _ string) (string, error) {
	if _, err := b.viewer(ctx, c); err != nil {
		return "", err
	}
	if len(words) != 1 {
		return "", &executor.Refusal{Text: "Say which server to trust, for example `trust web1`."}
	}
	server, err := b.engine.FindServer(ctx, strings.ToLower(words[0]))
	if err != nil {
		return "", err
	}
	if err := b.engine.MayTrust(ctx, c.actor, server); err != nil {
		return "", err
	}
	again, err := b.store.Receive(ctx, c.key)
	if err != nil || again {
		return "", err
	}
	*c.after = func(ctx context.Context) { b.offerTrust(ctx, c, server) }
	return fmt.Sprintf("Asking %s for its host keys …", code(server.Name)), nil
}

func (b *Bot) offerTrust(ctx context.Context, c command, server store.Server) {
	offer, err := b.engine.OfferTrust(ctx, c.actor, server, c.channel)
	if err != nil {
		c.private(ctx, content{text: b.explain(ctx, c, err)})
		return
	}
	ts := c.private(ctx, renderOffer(offer))
	if ts == "" || offer.ID == "" {
		return
	}
	if err := b.store.OfferPosted(ctx, offer.ID, ts); err != nil {
		b.log.Error("cannot note where host keys are shown", "server", server.Name, "error", err)
	}
}

// renderOffer shows what a server shows, and how to find out whether it is the server.
func renderOffer(o executor.TrustOffer) content {
	name := code(o.Server.Name)
	lines := []string{fmt.Sprintf("%s (%s) shows these host keys:", name, code(fmt.Sprintf("%s:%d", o.Server.Address, o.Server.Port)))}
	for _, key := range o.Keys {
		line := "• " + escape(key.Type) + " " + code(key.Fingerprint)
		if key.Pinned {
			line += " trusted already"
		}
		lines = append(lines, line)
	}
	if o.ID == "" {
		return content{text: strings.Join(append(lines, "They are the trusted ones: there is nothing to do."), "\n")}
	}
	if len(o.Server.HostKeys) > 0 {
		lines = append(lines, ":warning: They take the place of the keys that are trusted now. If nobody has reinstalled the server, treat it as an attack.")
	}
	lines = append(lines, "Compare them with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says on the server's own console.")
	text := strings.Join(lines, "\n")
	return content{text: text, blocks: []slack.Block{section(text), slack.NewActionBlock("", trustButton(o))}}
}

func trustButton(o executor.TrustOffer) *slack.ButtonBlockElement {
	plain := func(text string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
	}
	b := slack.NewButtonBlockElement(buttonTrust, o.ID, plain("Trust these keys"))
	b.Style = slack.StylePrimary
	if len(o.Server.HostKeys) > 0 {
		b.Style = slack.StyleDanger
	}
	b.Confirm = slack.NewConfirmationBlockObject(plain("Trust these keys?"),
		plain(fmt.Sprintf("From then on drover logs in to whatever proves one of these keys at %s. Have you compared them?", o.Server.Address)),
		plain("Trust"), plain("Back"))
	return b
}

// clickedTrust handles a click on an offer: checked and taken before the ack, done after it.
func (b *Bot) clickedTrust(ctx context.Context, c command, i slack.InteractionCallback, value string) then {
	offer, err := b.takeTrust(ctx, c, i.Container.MessageTs, value)
	if err != nil {
		text := b.explain(ctx, c, err)
		return func(ctx context.Context) { b.respond(ctx, i.ResponseURL, content{text: text}) }
	}
	return func(ctx context.Context) {
		server, err := b.engine.Trust(ctx, c.actor, offer)
		if err != nil {
			b.replace(ctx, i.ResponseURL, content{text: b.explain(ctx, c, err)})
			return
		}
		var shown []string
		for _, fingerprint := range offer.Shown() {
			shown = append(shown, code(fingerprint))
		}
		text := fmt.Sprintf(":white_check_mark: %s is trusted by %s.", code(server.Name), strings.Join(shown, ", "))
		b.replace(ctx, i.ResponseURL, content{text: text})
	}
}

func (b *Bot) takeTrust(ctx context.Context, c command, ts, value string) (store.Offer, error) {
	if err := b.meet(ctx, c); err != nil {
		return store.Offer{}, err
	}
	return b.engine.TakeTrust(ctx, c.actor, value, c.channel, ts)
}
