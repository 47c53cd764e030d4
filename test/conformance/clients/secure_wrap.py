"""Makes a key for secure wrapping through the stock Python SDK, wraps and unwraps, and prints a JSON line for each check.

Run by release.test.ts, which has the service trust the authority of TARGET and names the files that the checks need.
"""

import json
import os
import secrets
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.keys import KeyClient, KeyReleasePolicy
from azure.keyvault.keys.crypto import CryptographyClient, KeySecureWrapAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

NAME = "py-wrapper-" + secrets.token_hex(3)
credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
)
keys = KeyClient(os.environ["AZURE_MANAGEDHSM_URI"], credential)


def read(variable):
    with open(os.environ[variable], "rb") as file:
        return file.read()


POLICY = read("POLICY")
TARGET = read("TARGET").decode().strip()
ENCLAVE = serialization.load_pem_private_key(read("ENCLAVE"), None)


def check(name, function):
    try:
        function()
        line = {"check": name}
    except BaseException:  # whatever it is, the next check is made
        line = {"check": name, "error": traceback.format_exc()}
    print(json.dumps(line), flush=True)


def makes():
    key = keys.create_rsa_key(
        NAME,
        hardware_protected=True,
        key_operations=["secureWrapKey", "secureUnwrapKey"],
        release_policy=KeyReleasePolicy(POLICY),
    )
    assert key.properties.exportable is False
    assert json.loads(key.properties.release_policy.encoded_policy) == json.loads(POLICY)


def wraps():
    crypto = CryptographyClient(keys.get_key(NAME), credential)
    algorithm = KeySecureWrapAlgorithm.rsa_oaep_256
    wrapped = crypto.secure_wrap_key(algorithm)
    opened = crypto.secure_unwrap_key(algorithm, wrapped.encrypted_key, TARGET)
    digest = hashes.SHA256()
    assert len(ENCLAVE.decrypt(opened.key, padding.OAEP(padding.MGF1(digest), digest, None))) == 32


def stays():
    try:
        keys.release_key(NAME, TARGET)
        raise AssertionError("released")
    except HttpResponseError as error:
        assert error.status_code == 403, error
        assert "secureWrapKey" in str(error), error


check("makes", makes)
check("wraps", wraps)
check("stays", stays)
