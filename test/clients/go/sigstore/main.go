// sigstore's Azure KMS, which cosign signs with: it makes its key, signs, and pins a version by its reference.
package main

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/azure"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"clients/report"
)

var (
	ctx       = context.Background()
	image     = []byte("sha256:0123456789abcdef")
	reference string
	signer    *azure.SignerVerifier
	signed    []byte
	version   string
)

func main() {
	report.Check("makes the key of cosign generate-key-pair", makeKey)
	report.Check("signs and verifies", sign)
	report.Check("verifies with the public key alone", verifyByPublicKey)
	report.Check("after rotation an old signature verifies under its version only", rotate)
	report.Check("is refused once its roles are gone", refused)
}

func makeKey() (err error) {
	address, err := url.Parse(os.Getenv("AZURE_MANAGEDHSM_URI"))
	if err != nil {
		return err
	}
	reference = azure.ReferenceScheme + address.Host + "/cosign"
	if signer, err = azure.LoadSignerVerifier(ctx, reference); err != nil {
		return err
	}
	_, err = signer.CreateKey(ctx, "")
	return err
}

func sign() (err error) {
	if signed, err = signer.SignMessage(bytes.NewReader(image)); err != nil {
		return err
	}
	return verifies(signer, image)
}

func verifies(verifier signature.Verifier, message []byte) error {
	return verifier.VerifySignature(bytes.NewReader(signed), bytes.NewReader(message), options.WithContext(ctx))
}

func verifyByPublicKey() error {
	public, err := signer.PublicKey(options.WithContext(ctx))
	if err != nil {
		return err
	}
	verifier, err := signature.LoadDefaultVerifier(public)
	if err != nil {
		return err
	}
	if verifies(verifier, []byte("sha256:fedcba9876543210")) == nil {
		return errors.New("another image verifies as well")
	}
	return verifies(verifier, image)
}

func rotate() error {
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	client, err := azkeys.NewClient(os.Getenv("AZURE_MANAGEDHSM_URI"), credential, nil)
	if err != nil {
		return err
	}
	key, err := client.GetKey(ctx, "cosign", "", nil)
	if err != nil {
		return err
	}
	version = key.Key.KID.Version()
	if err := report.Rotate("cosign"); err != nil {
		return err
	}
	newest, err := azure.LoadSignerVerifier(ctx, reference)
	if err != nil {
		return err
	}
	if verifies(newest, image) == nil {
		return errors.New("the new version verifies what the old one signed")
	}
	old, err := azure.LoadSignerVerifier(ctx, reference+"/"+version)
	if err != nil {
		return err
	}
	return verifies(old, image)
}

func refused() error {
	if err := report.Revoke(); err != nil {
		return err
	}
	_, err := signer.SignMessage(bytes.NewReader(image))
	return report.Refused(err)
}
