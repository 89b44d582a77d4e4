package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"drover/store"
)

func named(t *testing.T, s *store.Store, name string) store.Server {
	t.Helper()
	return get[store.Server](t)(s.ServerNamed(t.Context(), name))
}

func TestAServerComesBackAsItWasAdded(t *testing.T) {
	s := open(t)
	ok(t, s.AddCredential(t.Context(), alice, "ops", secrets("x", "")))
	c := get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops"))
	web1 := server("web1")
	web1.CredentialID, web1.Note, web1.OwnHost, web1.Tags = &c.ID, "rack 4", true, []string{"web", "prod", "web"}
	ok(t, s.AddServer(t.Context(), alice, web1))
	web1.Credential, web1.Tags, web1.HostKeys, web1.Facts = "ops", []string{"prod", "web"}, []store.HostKey{}, store.Strings{}
	got := named(t, s, "web1")
	if diff := cmp.Diff(web1, got, cmpopts.IgnoreFields(store.Server{}, "ID", "CreatedAt")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !got.HasTag("prod") || got.HasTag("pro") {
		t.Error("HasTag is wrong")
	}
	if diff := cmp.Diff([]store.Server{got}, get[[]store.Server](t)(s.Servers(t.Context()))); diff != "" {
		t.Errorf("listed (-one +all)\n%s", diff)
	}
	if upper := named(t, s, "WEB1"); upper.ID != got.ID {
		t.Error("a name in capitals is another server")
	}
}

func TestAServersNameIsTakenOnce(t *testing.T) {
	s := open(t)
	ok(t, s.AddServer(t.Context(), alice, server("web1")))
	second := server("web1")
	second.Address, second.Tags = "elsewhere.example.com", []string{"new"}
	wantErr(t, s.AddServer(t.Context(), alice, second), store.ErrExists)
	if got := named(t, s, "web1"); got.Address != "web1.example.com" || len(got.Tags) > 0 {
		t.Errorf("the refused server changed the first: %+v", got)
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	s := open(t)
	_, err := s.ServerNamed(t.Context(), "web1")
	wantErr(t, err, store.ErrNotFound)
	wantErr(t, s.EditServer(t.Context(), alice, server("web1")), store.ErrNotFound)
	wantErr(t, s.RemoveServer(t.Context(), alice, "web1"), store.ErrNotFound)
	wantErr(t, s.SetDisabled(t.Context(), alice, "web1", "x"), store.ErrNotFound)
	wantErr(t, s.PinHostKeys(t.Context(), alice, "web1", nil), store.ErrNotFound)
}

func TestANewAddressDropsThePins(t *testing.T) {
	tests := map[string]struct {
		edit func(*store.Server)
		pins int
	}{
		"another address": {func(s *store.Server) { s.Address = "elsewhere.example.com" }, 0},
		"another port":    {func(s *store.Server) { s.Port = 2222 }, 0},
		"a lower port":    {func(s *store.Server) { s.Port = 21 }, 0},
		"another user":    {func(s *store.Server) { s.LoginUser = "root" }, 2},
		"other tags":      {func(s *store.Server) { s.Tags = []string{"db"} }, 2},
		"no change":       {func(*store.Server) {}, 2},
	}
	for name, test := range tests {
		s := open(t)
		ok(t, s.AddServer(t.Context(), alice, server("web1")))
		ok(t, s.AddServer(t.Context(), alice, server("web2")))
		pins := []store.HostKey{{PublicKey: "ssh-ed25519 A", Fingerprint: "SHA256:a"}, {PublicKey: "ssh-rsa B", Fingerprint: "SHA256:b"}}
		ok(t, s.PinHostKeys(t.Context(), alice, "web1", pins))
		ok(t, s.PinHostKeys(t.Context(), alice, "web2", pins))
		edited := named(t, s, "web1")
		test.edit(&edited)
		ok(t, s.EditServer(t.Context(), alice, edited))
		got := named(t, s, "web1")
		if len(got.HostKeys) != test.pins {
			t.Errorf("%s: %d pins are left, want %d", name, len(got.HostKeys), test.pins)
		}
		if diff := cmp.Diff(edited, got, cmpopts.IgnoreFields(store.Server{}, "HostKeys")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if other := named(t, s, "web2"); len(other.HostKeys) != 2 {
			t.Errorf("%s: the other server has %d pins left", name, len(other.HostKeys))
		}
	}
}

// TestANewAddressIsAnotherMachine: what the one before said of itself is not its own.
func TestANewAddressIsAnotherMachine(t *testing.T) {
	f := newFarm(t, "web1")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	seen := store.Host{System: "Linux", MachineID: "1"}
	want(t, true)(f.FinishTarget(t.Context(), lease, run.Targets[0], store.Result{State: store.TargetSucceeded, Host: seen}))
	for _, step := range []struct {
		edit func(*store.Server)
		want store.Host
	}{
		{func(s *store.Server) { s.Note = "moved soon" }, seen},
		{func(s *store.Server) { s.Port = 2222 }, store.Host{}},
	} {
		edited := named(t, f.Store, "web1")
		step.edit(&edited)
		ok(t, f.EditServer(t.Context(), alice, edited))
		if got := named(t, f.Store, "web1"); got.Host != step.want || (got.HostAt == nil) != (step.want == store.Host{}) {
			t.Errorf("%+v of %v", got.Host, got.HostAt)
		}
	}
}

func TestAServerIsNotRemovedWhileARunIsUnderWay(t *testing.T) {
	f := newFarm(t, "web1", "web2")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	wantErr(t, f.RemoveServer(t.Context(), alice, "web1"), store.ErrInUse)
	want(t, true)(f.TargetStarted(t.Context(), lease, run.Targets[0].ID))
	wantErr(t, f.RemoveServer(t.Context(), alice, "web1"), store.ErrInUse)
	f.succeed(lease, run.Targets[0])
	ok(t, f.RemoveServer(t.Context(), alice, "web1"))
	if got := f.read(run.ID).Targets[0]; got.Server != "web1" || got.State != store.TargetSucceeded {
		t.Errorf("its history is %+v", got)
	}
	ok(t, f.AddServer(t.Context(), alice, server("web1"))) // the name is free
}

func TestRaceRemoveAgainstBegin(t *testing.T) {
	f, other := pair(t, names(fewRounds)...)
	run, lease := f.started()
	for _, target := range run.Targets {
		var began bool
		var removed error
		race(
			func() {
				var err error
				began, _, err = f.BeginTarget(t.Context(), lease, target.ID)
				check(t, err)
			},
			func() { removed = other.RemoveServer(t.Context(), alice, target.Server) },
		)
		if !began {
			t.Fatal("a target did not begin") // its command is in the plan; the plan is checked before
		}
		if removed != nil {
			wantErr(t, removed, store.ErrInUse)
		}
	}
}

func TestADisabledServerSaysWhy(t *testing.T) {
	s := open(t)
	ok(t, s.AddServer(t.Context(), alice, server("web1")))
	for _, reason := range []string{"disk is failing", ""} {
		ok(t, s.SetDisabled(t.Context(), alice, "web1", reason))
		if got := named(t, s, "web1").DisabledReason; got != reason {
			t.Errorf("disabled for %q, want %q", got, reason)
		}
	}
	var events []string
	ok(t, raw(t, s).Select(&events, "SELECT event FROM audit ORDER BY seq"))
	if diff := cmp.Diff([]string{"server.added", "server.disabled", "server.enabled"}, events); diff != "" {
		t.Error(diff)
	}
}
