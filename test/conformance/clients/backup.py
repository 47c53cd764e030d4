"""Backs up and restores through the stock Python SDK, and prints a JSON line for each check.

Run by backup.test.ts.
"""

import json
import os
import secrets
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.administration import KeyVaultBackupClient
from azure.keyvault.keys import KeyClient

CREDENTIAL = DefaultAzureCredential()
HSM = os.environ["AZURE_MANAGEDHSM_URI"]
CONTAINER = os.environ["CONTAINER"]
with open(os.environ["SAS_FILE"], encoding="ascii") as file:
    SAS = file.read()
backups = KeyVaultBackupClient(HSM, CREDENTIAL)
keys = KeyClient(HSM, CREDENTIAL)
NAME = "py-backup-" + secrets.token_hex(3)
folders = []


def check(name, function):
    try:
        function()
        line = {"check": name}
    except BaseException:  # whatever it is, the next check is made
        line = {"check": name, "error": traceback.format_exc()}
    print(json.dumps(line), flush=True)


def checks_before():
    backups.begin_pre_backup(CONTAINER, sas_token=SAS, _polling_interval=1).result()
    backups.begin_pre_backup(CONTAINER, use_managed_identity=True, _polling_interval=1).result()


def backs_up_by_sas():
    keys.create_rsa_key(NAME, size=2048, hardware_protected=True)
    result = backups.begin_backup(CONTAINER, SAS, _polling_interval=1).result()
    assert result.folder_url.startswith(CONTAINER + "/mhsm-dev-"), result.folder_url
    folders.append(result.folder_url)


def backs_up_by_identity():
    # The client cannot go on from a token of a job that has ended, and a slow machine may take it too late: then once more.
    for _ in range(10):
        poller = backups.begin_backup(CONTAINER, use_managed_identity=True, _polling_interval=1)
        again = backups.begin_backup(CONTAINER, continuation_token=poller.continuation_token(), _polling_interval=1)
        url = poller.result().folder_url
        folders[1:] = [url]
        try:
            assert again.result().folder_url == url
            return
        except AttributeError:
            continue
    raise AssertionError("no token was taken before its job had ended")


def restores_one_key():
    before = keys.get_key(NAME)
    keys.begin_delete_key(NAME, _polling_interval=1).result()
    keys.purge_deleted_key(NAME)
    backups.begin_restore(folders[0], sas_token=SAS, key_name=NAME, _polling_interval=1).result()
    after = keys.get_key(NAME)
    assert after.id == before.id and after.key.n == before.key.n


def leaves_a_key_that_is_there():
    before = keys.create_rsa_key(NAME, size=2048, hardware_protected=True)
    backups.begin_restore(folders[0], sas_token=SAS, key_name=NAME, _polling_interval=1).result()
    assert keys.get_key(NAME).id == before.id


def tells_a_malformed_token():
    try:
        backups.begin_backup(CONTAINER, "no-token", _polling_interval=1).result()
    except HttpResponseError as error:
        assert error.status_code == 400 and error.error.code == "BadRequest", error
        assert "SAS token" in error.error.message, error
        return
    raise AssertionError("it was not refused")


def restores_everything():
    stranger = NAME + "-later"
    keys.create_ec_key(stranger, hardware_protected=True)
    backups.begin_pre_restore(folders[1], use_managed_identity=True, _polling_interval=1).result()
    backups.begin_restore(folders[1], use_managed_identity=True, _polling_interval=1).result()
    names = [key.name for key in keys.list_properties_of_keys()]
    assert NAME in names and stranger not in names, names


check("checks before", checks_before)
check("backs up by sas", backs_up_by_sas)
check("backs up by identity", backs_up_by_identity)
check("restores one key", restores_one_key)
check("leaves a key that is there", leaves_a_key_that_is_there)
check("tells a malformed token", tells_a_malformed_token)
check("restores everything", restores_everything)
