package slacksim_test

import (
	"net/http"
	"strings"
	"testing"
)

// upload announces a file and sends its bytes raw; it returns the file's id and
// the status of the upload.
func upload(t *testing.T, announced, content string) (address string, id string, send func() int) {
	t.Helper()
	s := start(t)
	return uploadTo(t, s.APIURL(), s.BotToken(), announced, content)
}

func uploadTo(t *testing.T, api, token, announced, content string) (string, string, func() int) {
	t.Helper()
	form := strings.NewReader("token=" + token + "&filename=out.txt&length=" + announced)
	req, err := http.NewRequest(http.MethodPost, api+"files.getUploadURLExternal", form)
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := do(t, req)
	address := a.text("upload_url")
	return address, a.text("file_id"), func() int {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(content))
		must(t, err)
		return do(t, req).status
	}
}

func TestUploadOfAnotherLength(t *testing.T) {
	_, _, send := upload(t, "4", "hello")
	if status := send(); status != http.StatusBadRequest {
		t.Errorf("5 bytes for 4: %d", status)
	}
	_, _, send = upload(t, "5", "hello")
	if status := send(); status != http.StatusOK {
		t.Errorf("5 bytes for 5: %d", status)
	}
	if status := send(); status != http.StatusBadRequest {
		t.Errorf("the second upload to one URL: %d", status)
	}
}

func TestCompleteUpload(t *testing.T) {
	s := start(t)
	address, id, send := uploadTo(t, s.APIURL(), s.BotToken(), "5", "hello")
	if !strings.HasPrefix(address, s.URL()+"/") {
		t.Errorf("upload_url %s is not on %s", address, s.URL())
	}
	files := `[{"id":"` + id + `","title":"Output"}]`
	for _, tt := range []struct{ channel, thread, want string }{
		{"C1OPS", "", "file_not_found"}, // no bytes yet
		{"C2OUT", "", "not_in_channel"},
		{"G2OUT", "", "channel_not_found"},
		{"C1OPS", "1.000000", "thread_not_found"},
		{"C1OPS", "", ""},
		{"C1OPS", "", "file_not_found"}, // only once
	} {
		a := call(t, s, "files.completeUploadExternal", args{
			"files": files, "channel_id": tt.channel, "thread_ts": tt.thread, "initial_comment": "see",
		})
		if a.err() != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.channel, tt.thread, a.err(), tt.want)
		}
		if tt.want == "file_not_found" {
			send()
		}
	}
	m := s.Messages("C1OPS")
	if len(m) != 1 || m[0].Text != "see" || m[0].Files[0].Title != "Output" {
		t.Errorf("messages %+v", m)
	}
}
