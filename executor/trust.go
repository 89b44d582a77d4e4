package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/executor/ssh"
	"drover/store"
)

// trustVerb is what a binding's glob has to match for somebody to pin host keys.
const trustVerb = "trust"

// offerLife is how long somebody may take to compare fingerprints.
const offerLife = 10 * time.Minute

// scanLimit bounds the asking for host keys, which takes a connection for each type.
const scanLimit = 20 * time.Second

// TrustOffer is what a server shows of itself, for a person to decide.
type TrustOffer struct {
	store.Offer // its ID is "" when there is nothing to decide: exactly these keys are pinned
	Server      store.Server
	Keys        []ShownKey
}

// ShownKey is a host key that a server shows.
type ShownKey struct {
	Type, Fingerprint string
	Pinned            bool // already
}

// MayTrust refuses whoever may not pin the host keys of a server: that is for admins.
func (e *Engine) MayTrust(ctx context.Context, actor store.Actor, server store.Server) error {
	rights, err := e.Rights(ctx, actor)
	if err != nil {
		return err
	}
	if ok, why := rights.MayRun(store.Admin, trustVerb, server); !ok {
		return refuse("You may not trust the host keys of %s: %s. Nothing was changed. Ask an admin to do it.", server.Name, why)
	}
	return nil
}

// OfferTrust asks a server for its host keys and records that somebody is shown them in a channel. It takes as long as
// the server does, so never call it before an ack. The error is a *Refusal when the server cannot be asked.
func (e *Engine) OfferTrust(ctx context.Context, actor store.Actor, server store.Server, channel string) (TrustOffer, error) {
	offer := TrustOffer{Server: server}
	keys, err := e.hostKeys(ctx, server)
	if err != nil {
		return offer, err
	}
	var fingerprints []string
	known := 0
	for _, key := range keys {
		pinned := slices.ContainsFunc(server.HostKeys, func(pin store.HostKey) bool { return pin.PublicKey == key.AuthorizedKey })
		if pinned {
			known++
		}
		offer.Keys = append(offer.Keys, ShownKey{key.Type, key.Fingerprint, pinned})
		fingerprints = append(fingerprints, key.Fingerprint)
	}
	if known == len(keys) && known == len(server.HostKeys) {
		return offer, nil
	}
	offer.Offer, err = e.store.CreateOffer(ctx, store.Offer{
		ServerID: server.ID, Fingerprints: strings.Join(fingerprints, " "), Actor: actor, Channel: channel,
	}, offerLife)
	return offer, err
}

func (e *Engine) hostKeys(ctx context.Context, server store.Server) ([]ssh.HostKey, error) {
	ctx, cancel := context.WithTimeout(ctx, scanLimit)
	defer cancel()
	keys, err := e.ScanHostKeys(ctx, server)
	var failure *ssh.Error
	if errors.As(err, &failure) {
		return nil, usage("%s Nothing was changed.", failure.Sentence())
	}
	return keys, err
}

// TakeTrust checks a click on the message of an offer, and takes the offer: no second click counts. ts is Slack's name
// for the message that was clicked.
func (e *Engine) TakeTrust(ctx context.Context, actor store.Actor, id, channel, ts string) (store.Offer, error) {
	offer, err := e.store.Offer(ctx, id, actor, channel, ts)
	if errors.Is(err, store.ErrNotFound) {
		return offer, refuse("This button is not one that drover put here for you, so nothing was changed.")
	}
	if err != nil {
		return offer, err
	}
	server, err := e.offered(ctx, offer)
	if err != nil {
		return offer, err
	}
	if err := e.MayTrust(ctx, actor, server); err != nil {
		return offer, err
	}
	err = e.store.TakeOffer(ctx, offer.ID)
	if errors.Is(err, store.ErrTooLate) {
		return offer, usage("This button was used already or is older than %d minutes, so nothing was changed. Type `trust %s` again.",
			int(offerLife.Minutes()), server.Name)
	}
	return offer, err
}

// offered is the server of an offer, as it is now.
func (e *Engine) offered(ctx context.Context, offer store.Offer) (store.Server, error) {
	all, err := e.store.Servers(ctx)
	if err != nil {
		return store.Server{}, err
	}
	at := slices.IndexFunc(all, func(s store.Server) bool { return s.ID == offer.ServerID })
	if at < 0 {
		return store.Server{}, usage("This server was removed since, so nothing was changed.")
	}
	return all[at], nil
}

// Trust pins exactly the keys of an offer that was taken, if the server still shows them all. Like OfferTrust it takes
// as long as the server does. It returns the server that is trusted.
func (e *Engine) Trust(ctx context.Context, actor store.Actor, offer store.Offer) (store.Server, error) {
	server, err := e.offered(ctx, offer)
	if err != nil {
		return server, err
	}
	keys, err := e.hostKeys(ctx, server)
	if err != nil {
		return server, err
	}
	shown := offer.Shown()
	var pins []store.HostKey
	for _, key := range keys {
		if slices.Contains(shown, key.Fingerprint) {
			pins = append(pins, store.HostKey{PublicKey: key.AuthorizedKey, Fingerprint: key.Fingerprint})
		}
	}
	if len(pins) != len(shown) {
		return server, refuse("%s shows other host keys now than the ones you were shown, so nothing was changed. "+
			"If nobody is reinstalling it, treat it as an attack.", server.Name)
	}
	if err := e.MayTrust(ctx, actor, server); err != nil { // asking took its time, and rights are those of the moment
		return server, err
	}
	if err := e.store.PinHostKeys(ctx, actor, server.Name, pins); err != nil {
		return server, fmt.Errorf("trust %s: %w", server.Name, err)
	}
	return server, nil
}
