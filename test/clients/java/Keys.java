import com.azure.core.exception.ResourceNotFoundException;
import com.azure.core.util.Context;
import com.azure.core.util.polling.SyncPoller;
import com.azure.identity.DefaultAzureCredential;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.security.keyvault.keys.KeyClient;
import com.azure.security.keyvault.keys.KeyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.CryptographyClient;
import com.azure.security.keyvault.keys.cryptography.CryptographyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.models.DecryptParameters;
import com.azure.security.keyvault.keys.cryptography.models.EncryptParameters;
import com.azure.security.keyvault.keys.cryptography.models.EncryptResult;
import com.azure.security.keyvault.keys.cryptography.models.KeyWrapAlgorithm;
import com.azure.security.keyvault.keys.cryptography.models.SignatureAlgorithm;
import com.azure.security.keyvault.keys.models.CreateEcKeyOptions;
import com.azure.security.keyvault.keys.models.CreateOctKeyOptions;
import com.azure.security.keyvault.keys.models.CreateRsaKeyOptions;
import com.azure.security.keyvault.keys.models.ImportKeyOptions;
import com.azure.security.keyvault.keys.models.JsonWebKey;
import com.azure.security.keyvault.keys.models.KeyCurveName;
import com.azure.security.keyvault.keys.models.KeyProperties;
import com.azure.security.keyvault.keys.models.KeyRotationLifetimeAction;
import com.azure.security.keyvault.keys.models.KeyRotationPolicy;
import com.azure.security.keyvault.keys.models.KeyRotationPolicyAction;
import com.azure.security.keyvault.keys.models.KeyType;
import com.azure.security.keyvault.keys.models.KeyVaultKey;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Microsoft's SDK for Java: the life of keys of every type, and that it ends with the role. */
final class Keys {
  private static final byte[] SECRET = "a data key of thirty-two octets!".getBytes(StandardCharsets.UTF_8);
  private static final DefaultAzureCredential CREDENTIAL = new DefaultAzureCredentialBuilder().build();
  private static final KeyClient CLIENT =
      new KeyClientBuilder().vaultUrl(System.getenv("AZURE_MANAGEDHSM_URI")).credential(CREDENTIAL).buildClient();
  private static KeyVaultKey first;
  private static CryptographyClient firstVersion;
  private static byte[] wrapped;

  public static void main(String[] arguments) {
    Report.check("creates keys", Keys::createKeys);
    Report.check("wraps and unwraps", Keys::wrapAndUnwrap);
    Report.check("signs", Keys::sign);
    Report.check("encrypts with AES", Keys::encryptWithAes);
    Report.check("imports a key and signs with it", Keys::importKey);
    Report.check("updates and lists", Keys::updateAndList);
    Report.check("keeps a rotation policy", Keys::keepPolicy);
    Report.check("rotates, and an old version opens what it wrapped", Keys::rotate);
    Report.check("gives random bytes", Keys::randomBytes);
    Report.check("backs up and restores", Keys::backUpAndRestore);
    Report.check("deletes, recovers and purges", Keys::deleteAndRecover);
    Report.check("is refused once its roles are gone", () -> {
      Report.revoke();
      Report.refused(() -> firstVersion.unwrapKey(KeyWrapAlgorithm.RSA_OAEP_256, wrapped));
      Report.refused(() -> CLIENT.getKey("java-rsa"));
    });
    System.exit(0); // its threads would keep it for a while
  }

  private static void createKeys() {
    first = CLIENT.createRsaKey(new CreateRsaKeyOptions("java-rsa").setKeySize(2048).setHardwareProtected(true));
    KeyVaultKey ec = CLIENT.createEcKey(new CreateEcKeyOptions("java-ec").setCurveName(KeyCurveName.P_256).setHardwareProtected(true));
    KeyVaultKey aes = CLIENT.createOctKey(new CreateOctKeyOptions("java-aes").setKeySize(256).setHardwareProtected(true));
    Report.require(first.getKeyType().equals(KeyType.RSA_HSM), "not RSA-HSM: " + first.getKeyType());
    Report.require(ec.getKeyType().equals(KeyType.EC_HSM), "not EC-HSM: " + ec.getKeyType());
    Report.require(aes.getKeyType().equals(KeyType.OCT_HSM), "not oct-HSM: " + aes.getKeyType());
    Report.require(new BigInteger(1, first.getKey().getE()).intValue() == 65537, "another exponent than 65537");
    Report.require(!first.getKeyOperations().isEmpty(), "it may do nothing");
  }

  private static void wrapAndUnwrap() {
    firstVersion = cryptographyOf(first.getId());
    wrapped = firstVersion.wrapKey(KeyWrapAlgorithm.RSA_OAEP_256, SECRET).getEncryptedKey();
    unwraps(firstVersion);
  }

  private static void unwraps(CryptographyClient client) {
    Report.require(Arrays.equals(client.unwrapKey(KeyWrapAlgorithm.RSA_OAEP_256, wrapped).getKey(), SECRET), "another key came out");
  }

  private static void sign() throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(SECRET);
    KeyVaultKey key = CLIENT.getKey("java-ec");
    CryptographyClient client = cryptographyOf(key.getId());
    byte[] signature = client.sign(SignatureAlgorithm.ES256, digest).getSignature();
    Signature java = Signature.getInstance("NONEwithECDSAinP1363Format");
    java.initVerify(key.getKey().toEc().getPublic());
    java.update(digest);
    Report.require(java.verify(signature), "Java does not take the signature");
    Report.require(client.verify(SignatureAlgorithm.ES256, digest, signature).isValid(), "its own SDK does not take it");
  }

  private static void encryptWithAes() {
    // By a client that knows no more than the id: the service does it, not the SDK.
    CryptographyClient client = cryptographyOf(CLIENT.getKey("java-aes").getId());
    byte[] associated = "row 17".getBytes(StandardCharsets.UTF_8);
    EncryptResult sealed = client.encrypt(EncryptParameters.createA256GcmParameters(SECRET, associated), Context.NONE);
    DecryptParameters parameters = DecryptParameters.createA256GcmParameters(
        sealed.getCipherText(), sealed.getIv(), sealed.getAuthenticationTag(), associated);
    Report.require(Arrays.equals(client.decrypt(parameters, Context.NONE).getPlainText(), SECRET), "something else came out");
  }

  private static void importKey() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    JsonWebKey jwk = JsonWebKey.fromRsa(generator.generateKeyPair());
    KeyVaultKey imported = CLIENT.importKey(new ImportKeyOptions("java-imported", jwk).setHardwareProtected(true));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(SECRET);
    byte[] signature = cryptographyOf(imported.getId()).sign(SignatureAlgorithm.PS256, digest).getSignature();
    Report.require(cryptographyOf(imported.getId()).verify(SignatureAlgorithm.PS256, digest, signature).isValid(), "it does not verify");
  }

  private static void updateAndList() {
    KeyProperties properties = CLIENT.getKey("java-ec").getProperties().setTags(Map.of("stack", "java"));
    Report.require("java".equals(CLIENT.updateKeyProperties(properties).getProperties().getTags().get("stack")), "the tag was not kept");
    List<String> names = CLIENT.listPropertiesOfKeys().stream().map(KeyProperties::getName).toList();
    Report.require(names.containsAll(List.of("java-rsa", "java-ec", "java-aes")), "only these are listed: " + names);
  }

  private static void keepPolicy() {
    KeyRotationPolicy policy = new KeyRotationPolicy()
        .setExpiresIn("P90D")
        .setLifetimeActions(List.of(new KeyRotationLifetimeAction(KeyRotationPolicyAction.ROTATE).setTimeAfterCreate("P30D")));
    CLIENT.updateKeyRotationPolicy("java-rsa", policy);
    KeyRotationPolicy kept = CLIENT.getKeyRotationPolicy("java-rsa");
    Report.require("P90D".equals(kept.getExpiresIn()), "kept as " + kept.getExpiresIn());
    Report.require(kept.getLifetimeActions().stream().anyMatch(action -> "P30D".equals(action.getTimeAfterCreate())), "it does not rotate");
  }

  private static void rotate() {
    KeyVaultKey rotated = CLIENT.rotateKey("java-rsa");
    Report.require(!rotated.getId().equals(first.getId()), "no new version");
    unwraps(cryptographyOf(first.getId()));
    Report.require(CLIENT.listPropertiesOfKeyVersions("java-rsa").stream().count() == 2, "not two versions");
    try {
      unwraps(cryptographyOf(rotated.getId()));
    } catch (RuntimeException expected) {
      return;
    }
    throw new IllegalStateException("the new version opened it as well");
  }

  private static void randomBytes() {
    byte[] given = CLIENT.getRandomBytes(64);
    Report.require(given.length == 64 && !Arrays.equals(given, new byte[64]), "given " + Arrays.toString(given));
  }

  private static void backUpAndRestore() throws Exception {
    byte[] backup = CLIENT.backupKey("java-ec");
    deleteAndPurge("java-ec");
    Report.require("java-ec".equals(CLIENT.restoreKeyBackup(backup).getName()), "another name");
    sign();
  }

  private static void deleteAndRecover() {
    done(CLIENT.beginDeleteKey("java-aes"));
    try {
      CLIENT.getKey("java-aes");
      throw new IllegalStateException("a deleted key is there");
    } catch (ResourceNotFoundException expected) {
      done(CLIENT.beginRecoverDeletedKey("java-aes"));
    }
    CLIENT.getKey("java-aes");
    deleteAndPurge("java-aes");
  }

  private static void deleteAndPurge(String name) {
    done(CLIENT.beginDeleteKey(name));
    CLIENT.purgeDeletedKey(name);
  }

  private static void done(SyncPoller<?, Void> poller) {
    poller.setPollInterval(Duration.ofMillis(100)).waitForCompletion();
  }

  private static CryptographyClient cryptographyOf(String id) {
    return new CryptographyClientBuilder().keyIdentifier(id).credential(CREDENTIAL).buildClient();
  }

  private Keys() {}
}
