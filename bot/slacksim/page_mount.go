package slacksim

import (
	"embed"
	"encoding/json"
	"net/http"
	"path"
)

// The page is plain HTML, CSS and ES modules: what is here is what the browser runs.
//
//go:embed page/*.html page/*.css page/*.js page/*.svg
var pageFiles embed.FS

// mountPage adds the page on which a person uses the app in a browser: / is the
// page, /page/ what it consists of, /page/api/ what it asks and does, and
// /page/events what happens meanwhile.
func (s *Server) mountPage(mux *http.ServeMux) {
	handle := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, s.guardPage(h)) }
	handle("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.servePagePart(w, "index.html") })
	handle("GET /page/{part}", func(w http.ResponseWriter, r *http.Request) { s.servePagePart(w, r.PathValue("part")) })
	handle("GET /page/events", s.servePageEvents)
	handle("GET /page/files/{id}/{name}", s.servePageFile)
	handle("GET /page/api/workspace", s.servePageWorkspace)
	handle("GET /page/api/calls", s.servePageCalls)
	handle("POST /page/api/{act}", s.servePageAct)
}

// servePagePart serves one embedded file. The kinds are named here because the
// system's own table of file types may not know them, and nosniff is on.
func (s *Server) servePagePart(w http.ResponseWriter, name string) {
	kind, known := map[string]string{
		".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
	}[path.Ext(name)]
	data, err := pageFiles.ReadFile("page/" + name)
	if err != nil || !known {
		http.Error(w, "There is nothing here. The page is at "+s.base+"/", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	_, _ = w.Write(data) // the browser may be gone
}

// writePageJSON answers the page.
func writePageJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the browser may be gone
}
