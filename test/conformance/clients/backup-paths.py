"""Backs up and restores through the stock Python SDK where the path of a container has two segments, and prints a JSON line
for each check.

Run by backup.test.ts.
"""

import json
import os
import secrets
import traceback

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
NAME = "py-paths-" + secrets.token_hex(3)
folders = []


def check(name, function):
    try:
        function()
        line = {"check": name}
    except BaseException:  # whatever it is, the next check is made
        line = {"check": name, "error": traceback.format_exc()}
    print(json.dumps(line), flush=True)


def backs_up():
    keys.create_ec_key(NAME, hardware_protected=True)
    url = backups.begin_backup(CONTAINER, SAS, _polling_interval=1).result().folder_url
    assert url.startswith(CONTAINER + "/mhsm-dev-"), url
    folders.append(url)


def restores_one_key():
    before = keys.get_key(NAME)
    keys.begin_delete_key(NAME, _polling_interval=1).result()
    keys.purge_deleted_key(NAME)
    backups.begin_restore(folders[0], sas_token=SAS, key_name=NAME, _polling_interval=1).result()
    assert keys.get_key(NAME).id == before.id


def checks():
    backups.begin_pre_restore(folders[0], sas_token=SAS, _polling_interval=1).result()


def restores_everything():
    stranger = NAME + "-later"
    keys.create_ec_key(stranger, hardware_protected=True)
    backups.begin_restore(folders[0], sas_token=SAS, _polling_interval=1).result()
    names = [key.name for key in keys.list_properties_of_keys()]
    assert NAME in names and stranger not in names, names


check("backs up", backs_up)
check("restores one key", restores_one_key)
check("checks", checks)
check("restores everything", restores_everything)
