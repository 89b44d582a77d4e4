package slacksim

import (
	"bytes"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// servePageFile serves a file that the app has shared. Only pictures and plain
// text are shown; anything else, HTML and SVG too, is text or a download, so
// that a file cannot act in the page's name.
func (s *Server) servePageFile(w http.ResponseWriter, r *http.Request) {
	data, ok := s.File(r.PathValue("id"))
	if !ok {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	kind := http.DetectContentType(data)
	switch {
	case slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind):
	case utf8.Valid(data) && !strings.Contains(string(data), "\x00"):
		kind = "text/plain; charset=utf-8"
	default:
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(w, r, path.Base(r.PathValue("name")), time.Time{}, bytes.NewReader(data))
}
