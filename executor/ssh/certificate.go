package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// CheckCertificate says whether a text is an OpenSSH user certificate ("ssh-ed25519-cert-v01@openssh.com
// AAAA…") of this private key that is valid now.
func CheckCertificate(certificate, pem []byte, now time.Time) error {
	cert, err := parseCertificate(certificate)
	if err != nil {
		return err
	}
	key, err := parseKey(pem)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(cert.Key.Marshal(), key.PublicKey().Marshal()):
		return errors.New("the certificate is not one of this private key")
	case expired(cert, now):
		return fmt.Errorf("the certificate expired on %s", time.Unix(int64(cert.ValidBefore), 0).UTC().Format(time.RFC3339))
	case now.Unix() < int64(cert.ValidAfter):
		return fmt.Errorf("the certificate is valid only from %s", time.Unix(int64(cert.ValidAfter), 0).UTC().Format(time.RFC3339))
	}
	return nil
}

func parseCertificate(text []byte) (*gossh.Certificate, error) {
	key, _, _, _, err := gossh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	cert, ok := key.(*gossh.Certificate)
	if !ok || cert.CertType != gossh.UserCert {
		return nil, errors.New("this is no user certificate: ssh-keygen -s makes one, in a file that ends with -cert.pub")
	}
	return cert, nil
}

func expired(cert *gossh.Certificate, now time.Time) bool {
	return cert.ValidBefore != gossh.CertTimeInfinity && uint64(now.Unix()) >= cert.ValidBefore
}
