// smallstep's Azure KMS, which step-ca keeps its authority's keys with. It knows names of vaults only.
package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"

	"go.step.sm/crypto/kms/apiv1"
	"go.step.sm/crypto/kms/azurekms"

	"clients/report"
)

const (
	authority = "azurekms:name=step-authority;vault=dev"
	host      = "azurekms:name=step-host;vault=dev"
)

var (
	ctx     = context.Background()
	manager *azurekms.KeyVault
	signer  crypto.Signer
	pinned  string
	root    *x509.Certificate
)

func main() {
	report.Check("creates an EC key", func() error { return create(authority, apiv1.ECDSAWithSHA256, 0) })
	report.Check("creates an RSA key", func() error { return create(host, apiv1.SHA256WithRSAPSS, 2048) })
	report.Check("signs a root certificate", signRoot)
	report.Check("signs with RSA", signRSA)
	report.Check("after rotation the version in the name signs on for the old root", rotate)
	report.Check("is refused once its roles are gone", refused)
}

func create(name string, algorithm apiv1.SignatureAlgorithm, bits int) (err error) {
	if manager, err = azurekms.New(ctx, apiv1.Options{Type: apiv1.AzureKMS, URI: "azurekms:"}); err != nil {
		return err
	}
	made, err := manager.CreateKey(&apiv1.CreateKeyRequest{
		Name: name, SignatureAlgorithm: algorithm, Bits: bits, ProtectionLevel: apiv1.HSM,
	})
	if err == nil && name == authority {
		pinned = made.Name
	}
	return err
}

func signRoot() (err error) {
	if signer, err = manager.CreateSigner(&apiv1.CreateSignerRequest{SigningKey: pinned}); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return err
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	return root.CheckSignatureFrom(root)
}

func signRSA() error {
	signer, err := manager.CreateSigner(&apiv1.CreateSignerRequest{SigningKey: host})
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("a host"))
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	signature, err := signer.Sign(rand.Reader, digest[:], options)
	if err != nil {
		return err
	}
	public, ok := signer.Public().(*rsa.PublicKey)
	if !ok {
		return errors.New("no RSA key")
	}
	return rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, options)
}

func rotate() error {
	if err := report.Rotate("step-authority"); err != nil {
		return err
	}
	newest, err := manager.GetPublicKey(&apiv1.GetPublicKeyRequest{Name: authority})
	if err != nil {
		return err
	}
	if signer.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(newest) {
		return errors.New("the name without a version still means the old key")
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "host"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, root, signer.Public(), signer)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	return leaf.CheckSignatureFrom(root)
}

func refused() error {
	if err := report.Revoke(); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("one more"))
	_, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	return report.Refused(err)
}
