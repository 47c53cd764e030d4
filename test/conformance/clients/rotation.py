"""Rotates keys and draws random bytes through the stock Python SDK, and prints a JSON line for each check.

Run by rotation.test.ts.
"""

import json
import os
import secrets
import sys
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.keys import (
    KeyClient,
    KeyRotationLifetimeAction,
    KeyRotationPolicy,
    KeyRotationPolicyAction,
)
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm

CREDENTIAL = DefaultAzureCredential()
keys = KeyClient(os.environ["AZURE_MANAGEDHSM_URI"], CREDENTIAL)
NAME = "py-rotation-" + secrets.token_hex(3)


def check(name, function):
    try:
        function()
        line = {"check": name}
    except BaseException:  # whatever it is, the next check is made
        line = {"check": name, "error": traceback.format_exc()}
    print(json.dumps(line), flush=True)


def refused(function):
    try:
        function()
    except HttpResponseError as error:
        assert error.status_code == 400, error
        assert error.error.code == "BadParameter", error
        return
    raise AssertionError("it was not refused")


def sets_policies():
    keys.create_rsa_key(NAME, size=2048, hardware_protected=True)
    refused(lambda: keys.rotate_key(NAME))
    actions = [KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P2M")]
    first = keys.update_key_rotation_policy(NAME, KeyRotationPolicy(), lifetime_actions=actions)
    assert first.expires_in is None
    # The service answers in small letters, which this SDK hands on as they are.
    assert first.lifetime_actions[0].action.lower() == KeyRotationPolicyAction.rotate.lower()
    assert first.lifetime_actions[0].time_after_create == "P2M"
    assert first.lifetime_actions[0].time_before_expiry is None
    second = keys.update_key_rotation_policy(NAME, policy=first, expires_in="P90D")
    assert second.expires_in == "P90D"
    assert second.lifetime_actions[0].time_after_create == "P2M"
    notify = [KeyRotationLifetimeAction(KeyRotationPolicyAction.notify, time_before_expiry="P60D")]
    keys.update_key_rotation_policy(NAME, policy=second, lifetime_actions=notify)
    shown = keys.get_key_rotation_policy(NAME)
    assert shown.expires_in == "P90D"
    assert shown.lifetime_actions[0].action.lower() == KeyRotationPolicyAction.notify.lower()
    assert shown.lifetime_actions[0].time_before_expiry == "P60D"
    assert shown.created_on == first.created_on
    refused(lambda: keys.update_key_rotation_policy(NAME, shown, expires_in="P20D"))


def rotates():
    # RSA, because for a symmetric key whose bytes it does not get this SDK wraps by itself, with random bytes.
    old = keys.get_key(NAME)
    wrapped = CryptographyClient(old, CREDENTIAL).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"k" * 32)
    new = keys.rotate_key(NAME)
    assert new.properties.version != old.properties.version
    assert new.key_type == "RSA-HSM"
    assert (new.properties.expires_on - new.properties.created_on).days == 90
    assert keys.get_key(NAME).id == new.id
    again = CryptographyClient(new, CREDENTIAL).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"k" * 32)
    assert again.key_id == new.id and again.encrypted_key != wrapped.encrypted_key
    opened = CryptographyClient(old.id, CREDENTIAL).unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key)
    assert opened.key == b"k" * 32
    assert len(list(keys.list_properties_of_key_versions(NAME))) == 2


def draws_random_bytes():
    drawn = [keys.get_random_bytes(count) for count in (1, 32, 128)]
    assert [len(value) for value in drawn] == [1, 32, 128]
    assert keys.get_random_bytes(32) != drawn[1]
    refused(lambda: keys.get_random_bytes(129))


for function in (sets_policies, rotates, draws_random_bytes):
    check(function.__name__.replace("_", " "), function)
sys.exit(0)
