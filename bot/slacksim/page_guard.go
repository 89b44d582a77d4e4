package slacksim

import (
	"mime"
	"net"
	"net/http"
)

// pagePolicy lets the page load nothing that is not embedded, run no script but
// its own files, and turn no text into HTML: a message is never more than text,
// even if the page's code had a hole.
const pagePolicy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// guardPage keeps other web sites out. The page knows no passwords: whoever can
// reach it may act as anybody, and a browser reaches loopback from any site.
//   - A foreign Host means that a site has pointed its own name at this address.
//   - A foreign Origin, or a body that a plain form could send, means that a site
//     posts across.
func (s *Server) guardPage(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setPageHeaders(w.Header())
		if !s.ownHost(r.Host) {
			http.Error(w, "This page answers only at "+s.base, http.StatusForbidden)
			return
		}
		if err := sameOrigin.Check(r); err != nil {
			http.Error(w, "Another site may not use this page.", http.StatusForbidden)
			return
		}
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.Method == http.MethodPost && kind != "application/json" {
			http.Error(w, "The body must be application/json.", http.StatusUnsupportedMediaType)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func setPageHeaders(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// ownHost reports whether a Host header names this server by a loopback address
// or as localhost, with its port.
func (s *Server) ownHost(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	_, own, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil || port != own {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
