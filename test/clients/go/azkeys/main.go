// Microsoft's SDK for Go: the life of keys of every type, and that it ends with the role.
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"

	"clients/report"
)

var (
	ctx    = context.Background()
	secret = []byte("a data key of thirty-two octets!")
	client *azkeys.Client
	// Release and pre-release are programs of their own and keep their keys apart.
	own                   = filepath.Base(os.Args[0])
	rsaKey, ecKey, aesKey = own + "-rsa", own + "-ec", own + "-aes"
	// Of the first version of the RSA key.
	first   azkeys.ID
	wrapped []byte
)

func main() {
	report.Check("creates keys", createKeys)
	report.Check("wraps and unwraps", wrapAndUnwrap)
	report.Check("signs", sign)
	report.Check("encrypts with AES", encryptWithAES)
	report.Check("updates and lists", updateAndList)
	report.Check("keeps a rotation policy", keepPolicy)
	report.Check("rotates, and an old version opens what it wrapped", rotate)
	report.Check("gives random bytes", randomBytes)
	report.Check("backs up and restores", backUpAndRestore)
	report.Check("deletes, recovers and purges", deleteAndRecover)
	report.Check("is refused once its roles are gone", refused)
}

func createKeys() error {
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	if client, err = azkeys.NewClient(os.Getenv("AZURE_MANAGEDHSM_URI"), credential, nil); err != nil {
		return err
	}
	for name, parameters := range map[string]azkeys.CreateKeyParameters{
		rsaKey: {Kty: to.Ptr(azkeys.KeyTypeRSAHSM), KeySize: to.Ptr(int32(2048))},
		ecKey:  {Kty: to.Ptr(azkeys.KeyTypeECHSM), Curve: to.Ptr(azkeys.CurveNameP256)},
		aesKey: {Kty: to.Ptr(azkeys.KeyTypeOctHSM), KeySize: to.Ptr(int32(256))},
	} {
		made, err := client.CreateKey(ctx, name, parameters, nil)
		if err != nil {
			return err
		}
		if *made.Key.Kty != *parameters.Kty || made.Key.KID.Name() != name || made.Key.KID.Version() == "" {
			return fmt.Errorf("%s is a %s called %s", name, *made.Key.Kty, *made.Key.KID)
		}
		if name == rsaKey {
			first = *made.Key.KID
		}
	}
	return nil
}

func wrapAndUnwrap() error {
	parameters := azkeys.KeyOperationParameters{Algorithm: to.Ptr(azkeys.EncryptionAlgorithmRSAOAEP256), Value: secret}
	result, err := client.WrapKey(ctx, rsaKey, "", parameters, nil)
	if err != nil {
		return err
	}
	if *result.KID != first {
		return fmt.Errorf("wrapped by %s, not %s", *result.KID, first)
	}
	wrapped = result.Result
	return unwrapsWith(first.Version())
}

func unwrapsWith(version string) error {
	parameters := azkeys.KeyOperationParameters{Algorithm: to.Ptr(azkeys.EncryptionAlgorithmRSAOAEP256), Value: wrapped}
	result, err := client.UnwrapKey(ctx, rsaKey, version, parameters, nil)
	if err != nil {
		return err
	}
	return report.Same(result.Result, secret)
}

func sign() error {
	digest := sha256.Sum256(secret)
	signed, err := client.Sign(ctx, ecKey, "", azkeys.SignParameters{
		Algorithm: to.Ptr(azkeys.SignatureAlgorithmES256), Value: digest[:],
	}, nil)
	if err != nil {
		return err
	}
	got, err := client.GetKey(ctx, ecKey, "", nil)
	if err != nil {
		return err
	}
	public := ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(got.Key.X), Y: new(big.Int).SetBytes(got.Key.Y)}
	r, s := new(big.Int).SetBytes(signed.Result[:32]), new(big.Int).SetBytes(signed.Result[32:])
	if !ecdsa.Verify(&public, digest[:], r, s) {
		return errors.New("Go does not take the signature")
	}
	verified, err := client.Verify(ctx, ecKey, "", azkeys.VerifyParameters{
		Algorithm: to.Ptr(azkeys.SignatureAlgorithmES256), Digest: digest[:], Signature: signed.Result,
	}, nil)
	if err == nil && !*verified.Value {
		return errors.New("the service does not take its signature")
	}
	return err
}

func encryptWithAES() error {
	algorithm, associated := to.Ptr(azkeys.EncryptionAlgorithmA256GCM), []byte("row 17")
	sealed, err := client.Encrypt(ctx, aesKey, "", azkeys.KeyOperationParameters{
		Algorithm: algorithm, Value: secret, AdditionalAuthenticatedData: associated,
	}, nil)
	if err != nil {
		return err
	}
	opened, err := client.Decrypt(ctx, aesKey, "", azkeys.KeyOperationParameters{
		Algorithm: algorithm, Value: sealed.Result, AdditionalAuthenticatedData: associated,
		IV: sealed.IV, AuthenticationTag: sealed.AuthenticationTag,
	}, nil)
	if err != nil {
		return err
	}
	if err := report.Same(opened.Result, secret); err != nil {
		return err
	}
	iv := make([]byte, 16)
	if _, err := rand.Read(iv); err != nil {
		return err
	}
	algorithm = to.Ptr(azkeys.EncryptionAlgorithmA256CBCPAD)
	if sealed, err = client.Encrypt(ctx, aesKey, "", azkeys.KeyOperationParameters{Algorithm: algorithm, Value: secret, IV: iv}, nil); err != nil {
		return err
	}
	if opened, err = client.Decrypt(ctx, aesKey, "", azkeys.KeyOperationParameters{Algorithm: algorithm, Value: sealed.Result, IV: iv}, nil); err != nil {
		return err
	}
	return report.Same(opened.Result, secret)
}

func updateAndList() error {
	updated, err := client.UpdateKey(ctx, ecKey, "", azkeys.UpdateKeyParameters{
		Tags: map[string]*string{"stack": to.Ptr("go")},
	}, nil)
	if err != nil {
		return err
	}
	if tag := updated.Tags["stack"]; tag == nil || *tag != "go" {
		return errors.New("the tag was not kept")
	}
	found := map[string]bool{}
	for pager := client.NewListKeyPropertiesPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, key := range page.Value {
			found[key.KID.Name()] = true
		}
	}
	if !found[rsaKey] || !found[ecKey] || !found[aesKey] {
		return fmt.Errorf("only these are listed: %v", found)
	}
	return nil
}

func rotate() error {
	rotated, err := client.RotateKey(ctx, rsaKey, nil)
	if err != nil {
		return err
	}
	if *rotated.Key.KID == first {
		return errors.New("no new version")
	}
	if err := unwrapsWith(first.Version()); err != nil {
		return err
	}
	if unwrapsWith("") == nil {
		return errors.New("the new version opened it as well")
	}
	versions := 0
	for pager := client.NewListKeyPropertiesVersionsPager(rsaKey, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		versions += len(page.Value)
	}
	if versions != 2 {
		return fmt.Errorf("%d versions", versions)
	}
	return nil
}

func keepPolicy() error {
	policy := azkeys.KeyRotationPolicy{
		Attributes: &azkeys.KeyRotationPolicyAttributes{ExpiryTime: to.Ptr("P90D")},
		LifetimeActions: []*azkeys.LifetimeAction{{
			Action:  &azkeys.LifetimeActionType{Type: to.Ptr(azkeys.KeyRotationPolicyActionRotate)},
			Trigger: &azkeys.LifetimeActionTrigger{TimeAfterCreate: to.Ptr("P30D")},
		}},
	}
	if _, err := client.UpdateKeyRotationPolicy(ctx, rsaKey, policy, nil); err != nil {
		return err
	}
	kept, err := client.GetKeyRotationPolicy(ctx, rsaKey, nil)
	if err != nil {
		return err
	}
	if *kept.Attributes.ExpiryTime != "P90D" {
		return fmt.Errorf("kept as %s", *kept.Attributes.ExpiryTime)
	}
	for _, action := range kept.LifetimeActions {
		// Answered in lower case, which is not how the SDK spells it.
		if strings.EqualFold(string(*action.Action.Type), "rotate") && *action.Trigger.TimeAfterCreate == "P30D" {
			return nil
		}
	}
	return errors.New("it does not rotate")
}

func randomBytes() error {
	given, err := client.GetRandomBytes(ctx, azkeys.GetRandomBytesParameters{Count: to.Ptr(int32(64))}, nil)
	if err != nil {
		return err
	}
	if len(given.Value) != 64 || bytes.Equal(given.Value, make([]byte, 64)) {
		return fmt.Errorf("given %x", given.Value)
	}
	return nil
}

func backUpAndRestore() error {
	backup, err := client.BackupKey(ctx, ecKey, nil)
	if err != nil {
		return err
	}
	if err := deleteAndPurge(ecKey); err != nil {
		return err
	}
	restored, err := client.RestoreKey(ctx, azkeys.RestoreKeyParameters{KeyBackup: backup.Value}, nil)
	if err != nil {
		return err
	}
	if restored.Key.KID.Name() != ecKey {
		return fmt.Errorf("restored as %s", *restored.Key.KID)
	}
	return sign()
}

func deleteAndRecover() error {
	if _, err := client.DeleteKey(ctx, aesKey, nil); err != nil {
		return err
	}
	var answered *azcore.ResponseError
	if _, err := client.GetKey(ctx, aesKey, "", nil); !errors.As(err, &answered) || answered.StatusCode != 404 {
		return fmt.Errorf("a deleted key: %v", err)
	}
	if _, err := client.RecoverDeletedKey(ctx, aesKey, nil); err != nil {
		return err
	}
	if _, err := client.GetKey(ctx, aesKey, "", nil); err != nil {
		return err
	}
	return deleteAndPurge(aesKey)
}

func deleteAndPurge(name string) error {
	if _, err := client.DeleteKey(ctx, name, nil); err != nil {
		return err
	}
	_, err := client.PurgeDeletedKey(ctx, name, nil)
	return err
}

func refused() error {
	if err := report.Revoke(); err != nil {
		return err
	}
	return report.Refused(unwrapsWith(first.Version()))
}
