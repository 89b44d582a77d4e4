//go:build linux

package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Package is a small Debian package.
type Package struct {
	Name, Version string
	Control       string            // further lines of its control file: "Depends: other\n"
	Scripts       map[string]string // its maintainer scripts: postinst, …
	Files         map[string]string // what it brings, by path
	Conffiles     []string          // which of its files are configuration
}

// build makes the .deb in a folder and returns its file.
func (p Package) build(dir string) (string, error) {
	tree, err := os.MkdirTemp("", "drover-test-package-")
	if err != nil {
		return "", fmt.Errorf("make a package: %w", err)
	}
	defer os.RemoveAll(tree)
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Tests <tests@example.com>\nDescription: test package\n%s", p.Name, p.Version, p.Control)
	failures := []error{write(tree, "DEBIAN/control", control, 0o644), os.Chmod(tree, 0o755)}
	for name, text := range p.Scripts {
		failures = append(failures, write(tree, "DEBIAN/"+name, text, 0o755))
	}
	for name, text := range p.Files {
		failures = append(failures, write(tree, name, text, 0o644))
	}
	if len(p.Conffiles) > 0 {
		failures = append(failures, write(tree, "DEBIAN/conffiles", strings.Join(p.Conffiles, "\n")+"\n", 0o644))
	}
	if err := errors.Join(failures...); err != nil {
		return "", fmt.Errorf("make package %s: %w", p.Name, err)
	}
	file := filepath.Join(dir, p.Name+"_"+p.Version+"_all.deb")
	return file, run("dpkg-deb", "--build", "--root-owner-group", "-Znone", tree, file)
}

func write(dir, name, text string, mode os.FileMode) error {
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), mode)
}

// Install installs packages with dpkg, in this order.
func (h *Host) Install(packages ...Package) error {
	dir, err := os.MkdirTemp(h.Path("/srv"), "install-")
	if err != nil {
		return fmt.Errorf("make a folder for packages: %w", err)
	}
	defer os.RemoveAll(dir)
	for _, p := range packages {
		file, err := p.build(dir)
		if err != nil {
			return err
		}
		if _, err := h.Run("dpkg", "--install", strings.TrimPrefix(file, h.Path("/"))); err != nil {
			return err
		}
	}
	return nil
}

// Repository is a package source of a host.
type Repository struct {
	Name     string
	Label    string // "Debian-Security" makes its packages security updates
	Packages []Package
}

// Offer adds a source, or replaces the one of the same name. The host learns of its packages by apt-get update.
func (h *Host) Offer(r Repository) error {
	folder := "/srv/repository/" + r.Name
	dir := h.Path(folder)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return fmt.Errorf("make a package source: %w", err)
	}
	for _, p := range r.Packages {
		if _, err := p.build(dir); err != nil {
			return err
		}
	}
	// The release file lists the other one, and must not list itself.
	index := exec.Command("/bin/sh", "-ec", `
apt-ftparchive packages . >Packages
release=$(apt-ftparchive -o "APT::FTPArchive::Release::Label=$1" -o "APT::FTPArchive::Release::Origin=Debian" \
	-o "APT::FTPArchive::Release::Suite=stable" -o "APT::FTPArchive::Release::Version=12" release .)
printf '%s\n' "$release" >Release`, "sh", r.Label)
	index.Dir = dir
	if _, err := output(index, ""); err != nil {
		return err
	}
	return h.WriteFile("/etc/apt/sources.list.d/"+r.Name+".list", "deb [trusted=yes] file:"+folder+" ./\n", 0o644)
}
