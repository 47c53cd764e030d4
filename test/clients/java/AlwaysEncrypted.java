import com.azure.identity.DefaultAzureCredential;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.security.keyvault.keys.KeyClient;
import com.azure.security.keyvault.keys.KeyClientBuilder;
import com.microsoft.sqlserver.jdbc.SQLServerColumnEncryptionAzureKeyVaultProvider;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/**
 * The SQL Server driver's Always Encrypted provider: the column encryption key is wrapped, signed and unwrapped by the column
 * master key. That needs no database.
 */
final class AlwaysEncrypted {
  private static final String ALGORITHM = "RSA_OAEP";
  private static final byte[] COLUMN_KEY = "a column key of thirty-two bytes".getBytes(StandardCharsets.UTF_8);
  private static final DefaultAzureCredential CREDENTIAL = new DefaultAzureCredentialBuilder().build();
  private static final KeyClient KEYS =
      new KeyClientBuilder().vaultUrl(System.getenv("AZURE_MANAGEDHSM_URI")).credential(CREDENTIAL).buildClient();
  private static String pinned;
  private static String unpinned;
  private static byte[] byPinned;
  private static byte[] byUnpinned;

  public static void main(String[] arguments) {
    Report.check("wraps and unwraps a column key", () -> {
      Report.create("column-master", "RSA-HSM");
      pinned = KEYS.getKey("column-master").getId();
      unpinned = pinned.substring(0, pinned.lastIndexOf('/'));
      byPinned = provider().encryptColumnEncryptionKey(pinned, ALGORITHM, COLUMN_KEY);
      byUnpinned = provider().encryptColumnEncryptionKey(unpinned, ALGORITHM, COLUMN_KEY);
      opens(pinned, byPinned);
      opens(unpinned, byUnpinned);
    });
    Report.check("signs the metadata of a master key", () -> {
      byte[] signature = provider().signColumnMasterKeyMetadata(pinned, true);
      Report.require(provider().verifyColumnMasterKeyMetadata(pinned, true, signature), "it does not verify");
      Report.require(!provider().verifyColumnMasterKeyMetadata(pinned, false, signature), "other metadata verifies as well");
    });
    Report.check("after rotation a path with a version opens old column keys, one without does not", () -> {
      Report.rotate("column-master");
      opens(pinned, byPinned);
      try {
        opens(unpinned, byUnpinned);
      } catch (Exception expected) {
        return;
      }
      throw new IllegalStateException("the new version opened it");
    });
    Report.check("is refused once its roles are gone", () -> {
      Report.revoke();
      Report.refused(() -> opens(pinned, byPinned));
      Report.refused(() -> provider().encryptColumnEncryptionKey(pinned, ALGORITHM, COLUMN_KEY));
    });
    System.exit(0);
  }

  private static void opens(String path, byte[] sealed) throws Exception {
    Report.require(Arrays.equals(provider().decryptColumnEncryptionKey(path, ALGORITHM, sealed), COLUMN_KEY), "another key came out");
  }

  /** A new one each time, as after a restart, and without its cache of column keys. */
  private static SQLServerColumnEncryptionAzureKeyVaultProvider provider() throws Exception {
    SQLServerColumnEncryptionAzureKeyVaultProvider provider = new SQLServerColumnEncryptionAzureKeyVaultProvider(CREDENTIAL);
    provider.setColumnEncryptionCacheTtl(Duration.ZERO);
    return provider;
  }

  private AlwaysEncrypted() {}
}
