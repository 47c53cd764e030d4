# One of each kind of resource that azurerm has for a managed HSM, with capitals in every name. What it sent for this when
# the tier ran last is in exchanges.json.
terraform {
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
    }
  }
}

provider "azurerm" {
  features {}
  resource_providers_to_register = ["Microsoft.KeyVault"]
}

variable "changed" {
  type    = bool
  default = false
}

locals {
  roles = "/Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions"
}

data "azurerm_client_config" "me" {}

resource "azurerm_resource_group" "all" {
  name     = "RG-Whole"
  location = "westeurope"
  tags     = { stage = var.changed ? "Second" : "First" }
}

resource "azurerm_key_vault" "custodians" {
  name                = "WholeVault"
  resource_group_name = azurerm_resource_group.all.name
  location            = azurerm_resource_group.all.location
  tenant_id           = data.azurerm_client_config.me.tenant_id
  sku_name            = "standard"

  rbac_authorization_enabled = true

  # Else the provider waits two minutes for it.
  public_network_access_enabled = false
}

resource "azurerm_key_vault_certificate" "custodian" {
  count        = 3
  name         = "custodian-${count.index + 1}"
  key_vault_id = azurerm_key_vault.custodians.id
  certificate_policy {
    issuer_parameters {
      name = "Self"
    }
    key_properties {
      exportable = true
      key_size   = 2048
      key_type   = "RSA"
      reuse_key  = true
    }
    secret_properties {
      content_type = "application/x-pkcs12"
    }
    x509_certificate_properties {
      key_usage          = ["keyEncipherment"]
      subject            = "CN=custodian"
      validity_in_months = 12
    }
  }
}

resource "azurerm_key_vault_managed_hardware_security_module" "hsm" {
  name                                      = "Whole-Hsm"
  resource_group_name                       = azurerm_resource_group.all.name
  location                                  = azurerm_resource_group.all.location
  sku_name                                  = "Standard_B1"
  tenant_id                                 = data.azurerm_client_config.me.tenant_id
  admin_object_ids                          = [data.azurerm_client_config.me.object_id]
  soft_delete_retention_days                = 7
  purge_protection_enabled                  = false
  security_domain_key_vault_certificate_ids = azurerm_key_vault_certificate.custodian[*].id
  security_domain_quorum                    = 2
  tags                                      = { Owner = var.changed ? "Ben" : "Ada" }

  network_acls {
    default_action = "Allow"
    bypass         = var.changed ? "None" : "AzureServices"
  }
}

resource "azurerm_key_vault_managed_hardware_security_module_role_assignment" "built_in" {
  for_each = {
    "5a0c2a1e-7d7f-4a8b-8a53-0f0000000001" = "21dbd100-6940-42c2-9190-5d6cb909625b"
    "5a0c2a1e-7d7f-4a8b-8a53-0f0000000002" = "515eb02d-2335-4d2d-92f2-b1cbdf9c3778"
  }
  managed_hsm_id     = azurerm_key_vault_managed_hardware_security_module.hsm.id
  name               = each.key
  scope              = "/keys"
  role_definition_id = "${local.roles}/${each.value}"
  principal_id       = data.azurerm_client_config.me.object_id
}

resource "azurerm_key_vault_managed_hardware_security_module_role_definition" "custom" {
  managed_hsm_id = azurerm_key_vault_managed_hardware_security_module.hsm.id
  name           = "5a0c2a1e-7d7f-4a8b-8a53-0f0000000003"
  role_name      = "Wraps and unwraps"
  description    = var.changed ? "Uses a key, and no more" : "Uses a key"
  permission {
    data_actions = concat(
      ["Microsoft.KeyVault/managedHsm/keys/read/action", "Microsoft.KeyVault/managedHsm/keys/wrap/action"],
      var.changed ? ["Microsoft.KeyVault/managedHsm/keys/unwrap/action"] : [],
    )
    not_data_actions = ["Microsoft.KeyVault/managedHsm/roleAssignments/read/action"]
  }
}

resource "azurerm_key_vault_managed_hardware_security_module_key" "rsa" {
  name           = "Tenant-KEK"
  managed_hsm_id = azurerm_key_vault_managed_hardware_security_module.hsm.id
  key_type       = "RSA-HSM"
  key_size       = 2048
  key_opts       = var.changed ? ["wrapKey", "unwrapKey"] : ["wrapKey"]
  tags           = { Owner = "Ada" }
  depends_on     = [azurerm_key_vault_managed_hardware_security_module_role_assignment.built_in]
}

resource "azurerm_key_vault_managed_hardware_security_module_key" "ec" {
  name            = "Signer"
  managed_hsm_id  = azurerm_key_vault_managed_hardware_security_module.hsm.id
  key_type        = "EC-HSM"
  curve           = "P-521"
  key_opts        = ["sign"]
  not_before_date = "2020-01-01T01:02:03Z"
  expiration_date = "2021-01-01T01:02:03Z"
  depends_on      = [azurerm_key_vault_managed_hardware_security_module_role_assignment.built_in]
}

resource "azurerm_key_vault_managed_hardware_security_module_key_rotation_policy" "rsa" {
  managed_hsm_key_id  = azurerm_key_vault_managed_hardware_security_module_key.rsa.id
  expire_after        = "P90D"
  time_after_creation = var.changed ? null : "P60D"
  time_before_expiry  = var.changed ? "P30D" : null
}

resource "azurerm_key_vault_managed_hardware_security_module_role_assignment" "custom" {
  managed_hsm_id     = azurerm_key_vault_managed_hardware_security_module.hsm.id
  name               = "5a0c2a1e-7d7f-4a8b-8a53-0f0000000004"
  scope              = "/keys/${azurerm_key_vault_managed_hardware_security_module_key.rsa.name}"
  role_definition_id = azurerm_key_vault_managed_hardware_security_module_role_definition.custom.resource_manager_id
  principal_id       = data.azurerm_client_config.me.object_id
}

resource "azurerm_monitor_diagnostic_setting" "log" {
  name               = "To-Archive"
  target_resource_id = azurerm_key_vault_managed_hardware_security_module.hsm.id
  storage_account_id = "/subscriptions/5b1f7a52-61a4-4dd0-a6d5-6f3e1c0a6a33/resourceGroups/Logs/providers/Microsoft.Storage/storageAccounts/archive"

  enabled_log {
    category       = var.changed ? null : "AuditEvent"
    category_group = var.changed ? "audit" : null
  }
}

data "azurerm_monitor_diagnostic_categories" "hsm" {
  resource_id = azurerm_key_vault_managed_hardware_security_module.hsm.id
}

data "azurerm_key_vault_managed_hardware_security_module" "hsm" {
  name                = azurerm_key_vault_managed_hardware_security_module.hsm.name
  resource_group_name = azurerm_resource_group.all.name
}

data "azurerm_key_vault_managed_hardware_security_module_key" "rsa" {
  managed_hsm_id = azurerm_key_vault_managed_hardware_security_module.hsm.id
  name           = azurerm_key_vault_managed_hardware_security_module_key.rsa.name
}

data "azurerm_key_vault_managed_hardware_security_module_role_definition" "custom" {
  managed_hsm_id = azurerm_key_vault_managed_hardware_security_module.hsm.id
  name           = azurerm_key_vault_managed_hardware_security_module_role_definition.custom.name
}
