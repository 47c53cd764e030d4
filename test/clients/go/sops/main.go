// The part of SOPS that wraps the data key of a file, newest release. Its program, which files go through, is another test.
package main

import (
	"errors"
	"os"

	"github.com/getsops/sops/v3/azkv"

	"clients/report"
)

var (
	secret  = []byte("the data key of a file, 32 bytes")
	address = os.Getenv("AZURE_MANAGEDHSM_URI") + "/keys/sops"
	old     *azkv.MasterKey
)

func main() {
	report.Check("finds the version of its key", func() (err error) {
		if err := report.Create("sops", "RSA-HSM"); err != nil {
			return err
		}
		if old, err = azkv.NewMasterKeyFromURL(address); err == nil && old.Version == "" {
			return errors.New("it has none")
		}
		return err
	})
	report.Check("encrypts and decrypts a data key", func() error {
		if err := old.Encrypt(secret); err != nil {
			return err
		}
		return opens(old)
	})
	report.Check("after rotation an old file opens, a new one has the new version", func() error {
		if err := report.Rotate("sops"); err != nil {
			return err
		}
		fresh, err := azkv.NewMasterKeyFromURL(address)
		if err != nil {
			return err
		}
		if fresh.Version == old.Version {
			return errors.New("the old version is taken")
		}
		if err := fresh.Encrypt(secret); err != nil {
			return err
		}
		return errors.Join(opens(fresh), opens(old))
	})
	report.Check("is refused once its roles are gone", func() error {
		if err := report.Revoke(); err != nil {
			return err
		}
		return errors.Join(report.Refused(opens(old)), report.Refused(old.Encrypt(secret)))
	})
}

func opens(key *azkv.MasterKey) error {
	opened, err := key.Decrypt()
	if err != nil {
		return err
	}
	return report.Same(opened, secret)
}
