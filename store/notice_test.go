package store_test

import (
	"testing"

	"drover/store"
)

func TestANoticeIsRecordedOnce(t *testing.T) {
	f := newFarm(t)
	notice := store.Notice{Owner: "lock/1", Key: "ended", Channel: "C1", Text: "it has ended"}
	for range 3 {
		ok(t, f.Notify(t.Context(), notice))
	}
	behind := get[[]store.Message](t)(f.Behind(t.Context()))
	if len(behind) != 1 || behind[0].Kind != store.MessageNotice || behind[0].Text != notice.Text || behind[0].Channel != "C1" || !behind[0].Final {
		t.Fatalf("behind are %+v", behind)
	}
	ok(t, f.Rendered(t.Context(), behind[0].ID, "1.1", behind[0].WantedVersion))
	if left := f.behind(); len(left) > 0 {
		t.Errorf("still behind: %v", left)
	}
}

func TestANoticeWithoutAChannelGoesToTheSetOne(t *testing.T) {
	f := newFarm(t)
	ok(t, f.Notify(t.Context(), store.Notice{Owner: "lock/1", Text: "nowhere to go"}))
	if left := f.behind(); len(left) > 0 {
		t.Fatalf("behind: %v", left)
	}
	ok(t, f.SetSetting(t.Context(), store.Drover, store.SettingChannel, "C9"))
	ok(t, f.Notify(t.Context(), store.Notice{Owner: "lock/1", Text: "to the channel"}))
	if behind := get[[]store.Message](t)(f.Behind(t.Context())); len(behind) != 1 || behind[0].Channel != "C9" {
		t.Errorf("behind are %+v", behind)
	}
}
