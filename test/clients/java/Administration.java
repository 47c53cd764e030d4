import com.azure.core.credential.TokenCredential;
import com.azure.core.util.Context;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.security.keyvault.administration.KeyVaultAccessControlClient;
import com.azure.security.keyvault.administration.KeyVaultAccessControlClientBuilder;
import com.azure.security.keyvault.administration.KeyVaultSettingsClient;
import com.azure.security.keyvault.administration.KeyVaultSettingsClientBuilder;
import com.azure.security.keyvault.administration.models.KeyVaultDataAction;
import com.azure.security.keyvault.administration.models.KeyVaultPermission;
import com.azure.security.keyvault.administration.models.KeyVaultRoleAssignment;
import com.azure.security.keyvault.administration.models.KeyVaultRoleDefinition;
import com.azure.security.keyvault.administration.models.KeyVaultRoleScope;
import com.azure.security.keyvault.administration.models.KeyVaultSetting;
import com.azure.security.keyvault.administration.models.SetRoleDefinitionOptions;
import java.util.List;
import java.util.UUID;

/** Microsoft's SDK for Java, administration: roles of its own, assignments, settings, and that all ends with the role. */
final class Administration {
  private static final String SETTING = "AllowKeyManagementOperationsThroughARM";
  private static final String URI = System.getenv("AZURE_MANAGEDHSM_URI");
  private static final TokenCredential CREDENTIAL = new DefaultAzureCredentialBuilder().build();
  private static final KeyVaultAccessControlClient ROLES =
      new KeyVaultAccessControlClientBuilder().vaultUrl(URI).credential(CREDENTIAL).buildClient();
  private static final KeyVaultSettingsClient SETTINGS =
      new KeyVaultSettingsClientBuilder().vaultUrl(URI).credential(CREDENTIAL).buildClient();
  private static KeyVaultRoleDefinition definition;

  public static void main(String[] arguments) {
    Report.check("lists the built-in roles", () -> Report.require(
        ROLES.listRoleDefinitions(KeyVaultRoleScope.GLOBAL).stream()
            .anyMatch(role -> "Managed HSM Crypto User".equals(role.getRoleName())),
        "Crypto User is not there"));
    Report.check("makes a role", Administration::makeRole);
    Report.check("assigns it and takes it back", Administration::assign);
    Report.check("deletes the role", () -> ROLES.deleteRoleDefinition(KeyVaultRoleScope.GLOBAL, definition.getName()));
    Report.check("reads and changes settings", Administration::settings);
    Report.check("is refused once its roles are gone", () -> {
      Report.revoke();
      Report.refused(() -> ROLES.createRoleAssignment(KeyVaultRoleScope.GLOBAL, definition.getId(), UUID.randomUUID().toString()));
      Report.refused(() -> SETTINGS.updateSetting(new KeyVaultSetting(SETTING, true)));
    });
    System.exit(0);
  }

  private static void makeRole() {
    KeyVaultPermission permission = new KeyVaultPermission(
        List.of(), List.of(), List.of(KeyVaultDataAction.READ_HSM_KEY, KeyVaultDataAction.SIGN_HSM_KEY), List.of());
    definition = ROLES.setRoleDefinitionWithResponse(new SetRoleDefinitionOptions(KeyVaultRoleScope.GLOBAL)
        .setPermissions(List.of(permission)).setAssignableScopes(List.of(KeyVaultRoleScope.GLOBAL)), Context.NONE).getValue();
    KeyVaultRoleDefinition kept = ROLES.getRoleDefinition(KeyVaultRoleScope.GLOBAL, definition.getName());
    // Not its name: the SDK sends its id in place of the one that it is given.
    List<KeyVaultDataAction> allowed = kept.getPermissions().get(0).getDataActions();
    Report.require(allowed.equals(permission.getDataActions()), "it allows " + allowed);
  }

  private static void assign() {
    String principal = UUID.randomUUID().toString();
    KeyVaultRoleAssignment made = ROLES.createRoleAssignment(KeyVaultRoleScope.KEYS, definition.getId(), principal);
    Report.require(isListed(made), "it is not listed");
    ROLES.deleteRoleAssignment(KeyVaultRoleScope.KEYS, made.getName());
    Report.require(!isListed(made), "it is still listed");
  }

  private static boolean isListed(KeyVaultRoleAssignment wanted) {
    return ROLES.listRoleAssignments(KeyVaultRoleScope.KEYS).stream().anyMatch(found -> found.getName().equals(wanted.getName()));
  }

  private static void settings() {
    Report.require(
        SETTINGS.getSettings().getSettings().stream().anyMatch(setting -> SETTING.equals(setting.getName())),
        "the service's own setting is not listed");
    Report.require(SETTINGS.updateSetting(new KeyVaultSetting(SETTING, true)).asBoolean(), "not set");
    Report.require(SETTINGS.getSetting(SETTING).asBoolean(), "not kept");
    SETTINGS.updateSetting(new KeyVaultSetting(SETTING, false));
  }

  private Administration() {}
}
