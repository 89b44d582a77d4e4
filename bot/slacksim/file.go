package slacksim

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// File is an uploaded file.
type File struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Size     int      `json:"size"`
	Snippet  string   `json:"snippet_type,omitempty"`
	Channels []string `json:"channels,omitempty"`
}

type file struct {
	File
	secret   string // of the upload URL; "" once it was used
	content  []byte
	uploaded bool
	shared   bool // completeUploadExternal was called
	made     time.Time
}

const (
	maxSnippet = 1 << 20
	maxFile    = 1 << 30
)

// File returns the content of a file that the app has shared.
func (s *Server) File(id string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[id]
	if f == nil || !f.shared {
		return nil, false
	}
	return slices.Clone(f.content), true
}

func (s *Server) filesGetUploadURL(r *request) (object, error) {
	if err := r.required("filename", "length"); err != nil {
		return nil, err
	}
	length, err := r.number("length", 0)
	switch {
	case err != nil:
		return nil, err
	case length <= 0:
		return nil, refuse("invalid_arguments", "must be greater than 0 [json-pointer:/length]")
	case r.args["snippet_type"] != "" && length > maxSnippet:
		return nil, refuse("snippet_too_large")
	case length > maxFile:
		return nil, refuse("file_too_large")
	}
	f := &file{File: File{
		ID: newID("F"), Name: r.args["filename"], Title: r.args["filename"], Size: length, Snippet: r.args["snippet_type"],
	}, secret: newSecret(), made: s.now()}
	s.files[f.ID] = f
	// slack-go only uploads to the very scheme, host and port of the API.
	return object{"upload_url": s.base + "/upload/v1/" + f.secret, "file_id": f.ID}, nil
}

// serveUpload takes the bytes: raw, or the first part of a multipart form.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	fault := s.takeFault("upload")
	if fault.Delay > 0 && !s.pause(r.Context(), fault.Delay) {
		return
	}
	if fault.Status != 0 {
		w.WriteHeader(fault.Status)
		return
	}
	data, err := uploadedBytes(r)
	if err != nil {
		http.Error(w, "cannot read the upload", http.StatusBadRequest)
		return
	}
	if !s.storeUpload(r.PathValue("secret"), data) {
		http.Error(w, "no such upload, or not the announced length", http.StatusBadRequest)
		return
	}
	if fault.LoseAnswer {
		hangUp(w)
		return
	}
	_, _ = io.WriteString(w, "OK - "+strconv.Itoa(len(data))) // the client may be gone
}

func uploadedBytes(r *http.Request) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(r.Body)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, err
		}
		if part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		// slack-go writes the closing boundary twice: read on to the end.
		_, err = io.Copy(io.Discard, r.Body)
		return data, err
	}
}

func (s *Server) storeUpload(secret string, data []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if secret != "" && f.secret == secret && f.Size == len(data) {
			f.secret, f.content, f.uploaded = "", data, true
			return true
		}
	}
	return false
}

func (s *Server) filesCompleteUpload(r *request) (object, error) {
	var wanted []struct{ ID, Title string }
	if json.Unmarshal([]byte(r.args["files"]), &wanted) != nil || len(wanted) == 0 {
		return nil, refuse("invalid_arguments", "missing required field: files")
	}
	files := make([]*file, 0, len(wanted))
	for _, w := range wanted {
		f := s.files[w.ID]
		if f == nil || !f.uploaded || f.shared {
			return nil, refuse("file_not_found")
		}
		files = append(files, f)
	}
	channels, err := s.shareTargets(r)
	if err != nil {
		return nil, err
	}
	said, err := s.kit.readContent(map[string]string{"text": r.args["initial_comment"]})
	if blocks, ok := r.args["blocks"]; ok && err == nil {
		said, err = s.kit.readContent(map[string]string{"blocks": blocks})
	}
	if err != nil {
		return nil, err
	}
	shown := make([]File, len(files))
	for i, f := range files {
		f.shared = true
		setDefault(&wanted[i].Title, f.Title)
		f.Title = wanted[i].Title
		for _, c := range channels {
			f.Channels = append(f.Channels, c.ID)
		}
		shown[i] = f.File
	}
	if err := s.shareFiles(r, channels, said, shown); err != nil {
		return nil, err
	}
	return object{"files": s.filesJSON(shown)}, nil
}

// shareTargets are the channels that the files go to; none is allowed.
func (s *Server) shareTargets(r *request) ([]*channel, error) {
	ids := strings.FieldsFunc(r.args["channels"], func(c rune) bool { return c == ',' })
	if id := r.args["channel_id"]; id != "" {
		ids = append(ids, id)
	}
	if len(ids) > 100 {
		return nil, refuse("invalid_arguments", "no more than 100 items allowed [json-pointer:/channels]")
	}
	var channels []*channel
	for _, id := range ids {
		c, err := s.visible(id)
		switch {
		case err != nil:
			return nil, err
		case c.Archived:
			return nil, refuse("is_archived")
		case !c.has(s.botUser):
			return nil, refuse("not_in_channel")
		}
		if _, err := c.thread(r.args["thread_ts"]); err != nil {
			return nil, err
		}
		channels = append(channels, c)
	}
	return channels, nil
}

func (s *Server) shareFiles(r *request, channels []*channel, said content, files []File) error {
	for _, c := range channels {
		m := s.botMessage(said)
		m.Files = slices.Clone(files)
		parent, err := c.thread(r.args["thread_ts"])
		if err != nil {
			return err
		}
		m.ThreadTS = parent
		s.post(c, m)
		s.emit(Event{Kind: EventFile, Channel: c.ID, TS: m.TS})
		for _, f := range files {
			s.event("file_shared", object{
				"type": "file_shared", "file_id": f.ID, "user_id": s.botUser, "file": object{"id": f.ID},
				"channel_id": c.ID, "event_ts": s.clock.next(s.now()),
			})
		}
	}
	return nil
}

func (s *Server) filesInfo(r *request) (object, error) {
	f := s.files[r.args["file"]]
	if f == nil || !f.shared {
		return nil, refuse("file_not_found")
	}
	return object{"file": s.filesJSON([]File{f.File})[0], "comments": []object{}}, nil
}

func (s *Server) filesJSON(files []File) []object {
	out := make([]object, len(files))
	for i, f := range files {
		address := s.base + "/files-pri/" + f.ID + "/" + path.Base(f.Name)
		out[i] = object{
			"id": f.ID, "name": f.Name, "title": f.Title, "size": f.Size, "user": s.botUser, "mode": "hosted",
			"filetype": strings.TrimPrefix(path.Ext(f.Name), "."), "mimetype": mime.TypeByExtension(path.Ext(f.Name)),
			"url_private": address, "url_private_download": address, "channels": slices.Clone(f.Channels),
			"is_external": false, "editable": f.Snippet != "",
		}
	}
	return out
}

// serveFile lets the app download a file again, with its token.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	data, ok := s.File(r.PathValue("id"))
	if token != s.botToken || !s.manifest.hasScope("files:read") || !ok {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	http.ServeContent(w, r, path.Base(r.PathValue("name")), time.Time{}, bytes.NewReader(data))
}
