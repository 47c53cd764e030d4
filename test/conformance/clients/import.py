"""Imports, backs up and restores through the stock Python SDK as the environment says, and prints a JSON line for each
check. Run by import.test.ts."""

import json
import os
import secrets
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.keys import JsonWebKey, KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

NAME = "py-in-" + secrets.token_hex(3)
CREDENTIAL = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
)
KEYS = KeyClient(os.environ["AZURE_MANAGEDHSM_URI"], CREDENTIAL)


def check(title):
    def run(body):
        error = None
        try:
            body()
        except BaseException:
            error = traceback.format_exc()
        print(json.dumps({"check": title, **({"error": error} if error else {})}), flush=True)

    return run


def short(number):
    """Without leading zero bytes, as this SDK's own tools send numbers."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def refused(code, call):
    try:
        call()
    except HttpResponseError as error:
        assert error.status_code == code, error
        return error
    raise AssertionError(f"it was not refused with {code}")


@check("imports RSA")
def _():
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.private_numbers()
    public = numbers.public_numbers
    jwk = JsonWebKey(
        kty="RSA-HSM", key_ops=["decrypt", "unwrapKey"], n=short(public.n), e=short(public.e), d=short(numbers.d),
        p=short(numbers.p), q=short(numbers.q), dp=short(numbers.dmp1), dq=short(numbers.dmq1), qi=short(numbers.iqmp),
    )
    key = KEYS.import_key(NAME + "-rsa", jwk, hardware_protected=True)
    assert key.key_type == "RSA-HSM"
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sealed = private.public_key().encrypt(b"before", oaep)
    opened = CryptographyClient(key, CREDENTIAL).decrypt(EncryptionAlgorithm.rsa_oaep_256, sealed)
    assert opened.plaintext == b"before"


@check("imports EC with short numbers")
def _():
    while True:
        private = ec.generate_private_key(ec.SECP256K1())
        numbers = private.private_numbers()
        public = numbers.public_numbers
        if min(public.x.bit_length(), public.y.bit_length()) <= 248:
            break
    jwk = JsonWebKey(kty="EC", crv="P-256K", x=short(public.x), y=short(public.y), d=short(numbers.private_value))
    key = KEYS.import_key(NAME + "-ec", jwk)
    assert key.key_type == "EC-HSM"
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"x")
    signature = CryptographyClient(key, CREDENTIAL).sign(SignatureAlgorithm.es256_k, digest.finalize()).signature
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    private.public_key().verify(utils.encode_dss_signature(r, s), b"x", ec.ECDSA(hashes.SHA256()))


@check("imports a symmetric key")
def _():
    key = KEYS.import_key(NAME + "-oct", JsonWebKey(kty="oct-HSM", k=secrets.token_bytes(32)))
    assert key.key_type == "oct-HSM"
    error = refused(400, lambda: KEYS.import_key(NAME + "-bad", JsonWebKey(kty="oct-HSM", k=secrets.token_bytes(65))))
    assert "at most 64" in str(error)


@check("backs up and restores")
def _():
    before = KEYS.get_key(NAME + "-oct")
    blob = KEYS.backup_key(NAME + "-oct")
    refused(409, lambda: KEYS.restore_key_backup(blob))
    KEYS.begin_delete_key(NAME + "-oct").wait()
    KEYS.purge_deleted_key(NAME + "-oct")
    restored = KEYS.restore_key_backup(blob)
    assert restored.id == before.id
    assert restored.properties.created_on == before.properties.created_on
    refused(400, lambda: KEYS.restore_key_backup(blob[:-4] + b"AAAA"))
