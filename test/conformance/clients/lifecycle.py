"""Deletes, recovers and purges through the stock Python SDK, and changes settings; prints a JSON line for each check.

Run by lifecycle.test.ts, which knows the names of all checks.
"""

import json
import os
import secrets
import traceback

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.administration import KeyVaultSetting, KeyVaultSettingsClient, KeyVaultSettingType
from azure.keyvault.keys import KeyClient

URI = os.environ["AZURE_MANAGEDHSM_URI"]
NAME = "py-" + secrets.token_hex(3)
CREDENTIAL = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
)
keys = KeyClient(URI, CREDENTIAL)
settings = KeyVaultSettingsClient(URI, CREDENTIAL)


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("it was not refused")


def deletes_by_poller():
    made = keys.create_rsa_key(NAME, size=2048, hardware_protected=True)
    poller = keys.begin_delete_key(NAME)
    poller.wait()
    deleted = poller.result()
    assert deleted.properties.version == made.properties.version
    assert deleted.recovery_id == URI + "/deletedkeys/" + NAME, deleted.recovery_id
    assert (deleted.scheduled_purge_date - deleted.deleted_date).days == 7
    refused(ResourceNotFoundError, lambda: keys.get_key(NAME))


def lists_and_gets_deleted():
    assert NAME in [key.name for key in keys.list_deleted_keys()]
    assert keys.get_deleted_key(NAME).name == NAME
    refused(ResourceExistsError, lambda: keys.create_ec_key(NAME))


def recovers_by_poller():
    poller = keys.begin_recover_deleted_key(NAME)
    poller.wait()
    assert keys.get_key(NAME).name == NAME


def purges():
    keys.begin_delete_key(NAME).wait()
    keys.purge_deleted_key(NAME)
    refused(ResourceNotFoundError, lambda: keys.get_deleted_key(NAME))


def reads_and_changes_settings():
    name = "AllowKeyManagementOperationsThroughARM"
    found = {setting.name: setting for setting in settings.list_settings()}
    assert found[name].setting_type == KeyVaultSettingType.BOOLEAN
    assert found[name].getboolean() is False
    changed = settings.update_setting(
        KeyVaultSetting(name=name, value="true", setting_type=KeyVaultSettingType.BOOLEAN)
    )
    assert changed.value == "true"
    assert settings.get_setting(name).getboolean() is True
    settings.update_setting(KeyVaultSetting(name=name, value="false"))
    error = refused(
        HttpResponseError,
        lambda: settings.update_setting(KeyVaultSetting(name="StrongroomMaxKeys", value="many")),
    )
    assert error.status_code == 400
    unknown = refused(HttpResponseError, lambda: settings.get_setting("NoSuchSetting"))
    assert (unknown.status_code, unknown.error.code) == (400, "InvalidSetting"), unknown


CHECKS = (
    deletes_by_poller, lists_and_gets_deleted, recovers_by_poller, purges, reads_and_changes_settings,
)

for function in CHECKS:
    try:
        function()
        print(json.dumps({"check": function.__name__.replace("_", " ")}))
    except Exception:
        print(json.dumps({"check": function.__name__.replace("_", " "), "error": traceback.format_exc()}))
