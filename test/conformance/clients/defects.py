"""What the Python SDK does wrong by itself with a symmetric key, and how a program avoids it; prints a JSON line for each check.

Run by client-defects.test.ts, which knows the names of all checks.
"""

import json
import os
import secrets
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm

CREDENTIAL = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
)
keys = KeyClient(os.environ["AZURE_MANAGEDHSM_URI"], CREDENTIAL)
key_id = keys.create_oct_key("py-defect-" + secrets.token_hex(3), size=256, hardware_protected=True).id
DATA_KEY = secrets.token_bytes(32)
A256KW = KeyWrapAlgorithm.aes_256


def check(name, function):
    try:
        function()
        line = {"check": name}
    except BaseException:  # whatever it is, the next check is made
        line = {"check": name, "error": traceback.format_exc()}
    print(json.dumps(line), flush=True)


def by_id():
    """As programs have it: a client that remembers nothing of those before."""
    return CryptographyClient(key_id, CREDENTIAL)


def wraps_by_itself():
    first = by_id()
    wrapped = first.wrap_key(A256KW, DATA_KEY).encrypted_key
    # AES-KW has no randomness: under one key both would be the same.
    assert wrapped != by_id().wrap_key(A256KW, DATA_KEY).encrypted_key
    # The same object opens it, so that a round trip shows nothing; nobody else does, the service neither.
    assert first.unwrap_key(A256KW, wrapped).key == DATA_KEY
    try:
        by_id().unwrap_key(A256KW, wrapped)
    except HttpResponseError as error:
        assert error.status_code == 400, error
        return
    raise AssertionError("it was opened: the SDK is mended, or the service has the random key")


def asks_for_emptied_operations():
    def client():
        key = keys.get_key(key_id.split("/")[4])
        key.key.key_ops = []  # of this copy: then nothing is done locally
        return CryptographyClient(key, CREDENTIAL)

    wrapped = client().wrap_key(A256KW, DATA_KEY).encrypted_key
    assert wrapped == client().wrap_key(A256KW, DATA_KEY).encrypted_key
    assert by_id().unwrap_key(A256KW, wrapped).key == DATA_KEY


def asks_for_gcm():
    sealed = by_id().encrypt(EncryptionAlgorithm.a256_gcm, DATA_KEY)
    opened = by_id().decrypt(
        EncryptionAlgorithm.a256_gcm,
        sealed.ciphertext,
        iv=sealed.iv,
        authentication_tag=sealed.tag,
        additional_authenticated_data=sealed.aad,
    )
    assert opened.plaintext == DATA_KEY


check("wrap_key with A256KW uses random bytes of its own, which are lost", wraps_by_itself)
check("with the operations of its copy emptied it asks the service", asks_for_emptied_operations)
check("A256GCM goes to the service", asks_for_gcm)
