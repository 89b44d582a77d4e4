package slacksim

import (
	"fmt"
	"net/http"
)

// pageWorkspace is all that the page needs to draw itself for one person.
type pageWorkspace struct {
	Snapshot
	You     string        `json:"you"`
	People  []string      `json:"people"` // whom the page can be
	Slash   []pageCommand `json:"slash"`
	Tabs    pageTabs      `json:"tabs"`
	Online  bool          `json:"online"` // the app has a Socket Mode connection
	Aside   *pageAside    `json:"aside,omitempty"`
	Machine []Machine     `json:"machines,omitempty"`
}

type pageCommand struct {
	Command     string `json:"command"`
	Description string `json:"description"`
	Hint        string `json:"hint"`
}

type pageTabs struct {
	Home     bool `json:"home"`
	Messages bool `json:"messages"`
}

// servePageWorkspace answers with the workspace as a person sees it. Without a
// person it is that of the first one.
func (s *Server) servePageWorkspace(w http.ResponseWriter, r *http.Request) {
	people := s.people()
	you := r.URL.Query().Get("user")
	if you == "" && len(people) > 0 {
		you = people[0]
	}
	if !s.isPerson(you) {
		http.Error(w, fmt.Sprintf("There is no person %q.", you), http.StatusNotFound)
		return
	}
	home := s.manifest.Features.AppHome
	if _, err := s.OpenDM(you); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answer := pageWorkspace{
		Snapshot: s.Snapshot(you), You: you, People: people, Online: s.Connections() > 0,
		Tabs: pageTabs{Home: home.Home, Messages: home.Messages}, Aside: s.pageAside(), Machine: s.machines(),
	}
	for _, c := range s.manifest.Features.SlashCommands {
		answer.Slash = append(answer.Slash, pageCommand{Command: c.Command, Description: c.Description, Hint: c.UsageHint})
	}
	writePageJSON(w, http.StatusOK, answer)
}

// people are the ids of those whom the page can be.
func (s *Server) people() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, id := range s.userOrder {
		if u := s.users[id]; !u.Bot && !u.Deleted {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Server) isPerson(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[id]
	return ok && !u.Bot && !u.Deleted
}
