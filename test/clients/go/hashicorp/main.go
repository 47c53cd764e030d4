// HashiCorp's go-kms-wrapping, which Vault, Boundary and OpenBao seal with: it wraps the data key of each envelope.
package main

import (
	"context"
	"errors"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/go-kms-wrapping/wrappers/azurekeyvault/v2"

	"clients/report"
)

var (
	ctx     = context.Background()
	secret  = []byte("root key of a vault")
	wrapper = azurekeyvault.NewWrapper()
	old     *wrapping.BlobInfo
)

func main() {
	report.Check("finds its key", func() error {
		if err := report.Create("seal", "RSA-HSM"); err != nil {
			return err
		}
		_, err := wrapper.SetConfig(ctx)
		return err
	})
	report.Check("seals and opens", func() (err error) {
		if old, err = wrapper.Encrypt(ctx, secret); err != nil {
			return err
		}
		return opens(wrapper, old)
	})
	report.Check("after rotation old envelopes open, new ones have the new version", rotate)
	report.Check("is refused once its roles are gone", func() error {
		if err := report.Revoke(); err != nil {
			return err
		}
		if _, err := wrapper.Encrypt(ctx, secret); report.Refused(err) != nil {
			return err
		}
		return report.Refused(opens(wrapper, old))
	})
	report.Check("does not start without a role", func() error {
		_, err := azurekeyvault.NewWrapper().SetConfig(ctx)
		return report.Refused(err)
	})
}

func opens(wrapper *azurekeyvault.Wrapper, sealed *wrapping.BlobInfo) error {
	opened, err := wrapper.Decrypt(ctx, sealed)
	if err != nil {
		return err
	}
	return report.Same(opened, secret)
}

func rotate() error {
	if err := report.Rotate("seal"); err != nil {
		return err
	}
	sealed, err := wrapper.Encrypt(ctx, secret)
	if err != nil {
		return err
	}
	if sealed.KeyInfo.KeyId == old.KeyInfo.KeyId {
		return errors.New("sealed by the old version")
	}
	if err := opens(wrapper, sealed); err != nil {
		return err
	}
	restarted := azurekeyvault.NewWrapper()
	if _, err := restarted.SetConfig(ctx); err != nil {
		return err
	}
	return opens(restarted, old)
}
