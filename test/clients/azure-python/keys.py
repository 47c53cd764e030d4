"""Microsoft's SDK for Python: the life of keys of every type, and that it ends with the roles.

Every method is tried by the conformance tests. Prints a JSON line for each check and for what is not its own to do, which
is answered by a line on standard input.
"""
import hashlib
import json
import os
import sys
import traceback

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.keys import KeyClient, KeyRotationPolicy
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm

SECRET = b"a data key of thirty-two octets!"
ALGORITHM = KeyWrapAlgorithm.rsa_oaep_256
credential = DefaultAzureCredential()
keys = KeyClient(os.environ["AZURE_MANAGEDHSM_URI"], credential)


def say(line):
    print(json.dumps(line), flush=True)


def revoke():
    say({"ask": "revoke"})
    answer = sys.stdin.readline().strip()
    assert answer == "{}", answer


def using(key):
    return CryptographyClient(key.id, credential)


def refused(call, status=403):
    try:
        call()
    except HttpResponseError as error:
        assert error.status_code == status, error
        return
    raise AssertionError("it was not refused")


class Life:
    def creates(self):
        self.rsa = keys.create_rsa_key("py-rsa", size=2048, hardware_protected=True)
        self.ec = keys.create_ec_key("py-ec", curve="P-256", hardware_protected=True)
        self.aes = keys.create_oct_key("py-aes", size=256, hardware_protected=True)

    def wraps(self):
        self.wrapped = using(self.rsa).wrap_key(ALGORITHM, SECRET).encrypted_key
        assert using(self.rsa).unwrap_key(ALGORITHM, self.wrapped).key == SECRET

    def signs(self):
        digest = hashlib.sha256(SECRET).digest()
        signature = using(self.ec).sign(SignatureAlgorithm.es256, digest).signature
        assert using(self.ec).verify(SignatureAlgorithm.es256, digest, signature).is_valid

    def encrypts(self):
        sealed = using(self.aes).encrypt(EncryptionAlgorithm.a256_gcm, SECRET, additional_authenticated_data=b"row 17")
        opened = using(self.aes).decrypt(
            EncryptionAlgorithm.a256_gcm,
            sealed.ciphertext,
            iv=sealed.iv,
            authentication_tag=sealed.tag,
            additional_authenticated_data=b"row 17",
        )
        assert opened.plaintext == SECRET

    def rotates(self):
        keys.update_key_rotation_policy("py-rsa", KeyRotationPolicy(lifetime_actions=[]), expires_in="P90D")
        rotated = keys.rotate_key("py-rsa")
        assert using(self.rsa).unwrap_key(ALGORITHM, self.wrapped).key == SECRET
        refused(lambda: using(rotated).unwrap_key(ALGORITHM, self.wrapped), status=400)

    def is_refused(self):
        # One that has read the public key already: unwrapping reaches the service all the same.
        before = using(self.rsa)
        assert before.unwrap_key(ALGORITHM, self.wrapped).key == SECRET
        revoke()
        refused(lambda: before.unwrap_key(ALGORITHM, self.wrapped))
        refused(lambda: keys.get_key("py-rsa"))


life = Life()
for name, body in (
    ("creates keys", life.creates),
    ("wraps and unwraps", life.wraps),
    ("signs and verifies", life.signs),
    ("encrypts with AES", life.encrypts),
    ("rotates, and an old version opens what it wrapped", life.rotates),
    ("is refused once its roles are gone", life.is_refused),
):
    error = None
    try:
        body()
    except Exception:  # whatever it is belongs into the report
        error = traceback.format_exc()
    say({"check": name, **({"error": error} if error else {})})
