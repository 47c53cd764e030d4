"""Releases and attests keys through the stock Python SDK, and prints a JSON line for each check.

Run by release.test.ts, which has the service trust the authority of TARGET and names the files that the checks need.
"""

import base64
import json
import os
import secrets
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.keys import KeyClient, KeyReleasePolicy
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding

NAME = "py-release-" + secrets.token_hex(3)
keys = KeyClient(
    os.environ["AZURE_MANAGEDHSM_URI"],
    ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
    ),
)


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


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def creates():
    key = keys.create_rsa_key(NAME, hardware_protected=True, exportable=True, release_policy=KeyReleasePolicy(POLICY))
    assert key.properties.exportable is True
    assert json.loads(key.properties.release_policy.encoded_policy) == json.loads(POLICY)
    assert not key.properties.release_policy.immutable


def releases():
    public = keys.get_key(NAME)
    for algorithm, digest in (
        ("CKM_RSA_AES_KEY_WRAP", hashes.SHA1()),
        ("RSA_AES_KEY_WRAP_256", hashes.SHA256()),
        ("RSA_AES_KEY_WRAP_384", hashes.SHA384()),
    ):
        result = keys.release_key(NAME, TARGET, algorithm=algorithm, nonce="nonce-2")
        payload = json.loads(decode(result.value.split(".")[1]))
        assert payload["request"]["nonce"] == "nonce-2"
        ciphertext = decode(json.loads(decode(payload["response"]["key"]["key"]["key_hsm"]))["ciphertext"])
        size = ENCLAVE.key_size // 8
        transport = ENCLAVE.decrypt(ciphertext[:size], padding.OAEP(padding.MGF1(digest), digest, None))
        material = keywrap.aes_key_unwrap_with_padding(transport, ciphertext[size:])
        private = serialization.load_der_private_key(material, None)
        assert private.public_key().public_numbers().n == int.from_bytes(public.key.n, "big")


def is_refused():
    try:
        keys.release_key(NAME, TARGET[:-8] + "AAAAAAAA")
        raise AssertionError("released")
    except HttpResponseError as error:
        assert error.status_code == 403, error


def fixes_policy():
    changed = keys.update_key_properties(NAME, release_policy=KeyReleasePolicy(POLICY, immutable=True))
    assert changed.properties.release_policy.immutable is True
    try:
        keys.update_key_properties(NAME, release_policy=KeyReleasePolicy(POLICY.replace(b"gold", b"tin")))
        raise AssertionError("changed")
    except HttpResponseError as error:
        assert error.status_code == 400, error
    # That it is so from creation only a new version can say.
    again = keys.create_rsa_key(
        NAME, hardware_protected=True, exportable=True, release_policy=KeyReleasePolicy(POLICY, immutable=True)
    )
    assert again.properties.release_policy.immutable is True


def attests():
    attestation = keys.get_key_attestation(NAME).properties.attestation
    statement = json.loads(decode(attestation.private_key_attestation.split(b".")[1].decode()))
    assert statement["releasePolicy"].startswith("immutable-from-creation:"), statement
    assert attestation.version == "strongroom-key-attestation-1", attestation.version
    assert attestation.certificate_pem_file.startswith(b"-----BEGIN CERTIFICATE-----")
    assert attestation.private_key_attestation and attestation.public_key_attestation


check("creates exportable", creates)
check("releases", releases)
check("is refused", is_refused)
check("fixes policy", fixes_policy)
check("attests", attests)
