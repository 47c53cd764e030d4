"""The life of keys through the stock Python SDK, told of one api-version after the other.

Its arguments are the versions that the SDK names. What a version does not have must be refused. Prints a JSON line for each check;
run by api-versions.test.ts.
"""
import hashlib
import json
import os
import sys
import traceback
import uuid

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import DefaultAzureCredential
from azure.keyvault.keys import KeyClient, KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

URI = os.environ["AZURE_MANAGEDHSM_URI"]
CREDENTIAL = DefaultAzureCredential()
RUN = uuid.uuid4().hex[:6]
DATA = os.urandom(32)


class Watch(SansIOHTTPPolicy):
    """The SDK could ignore the option: what it sends is what counts."""

    def __init__(self):
        self.sent = set()

    def on_request(self, request):
        self.sent.add(request.http_request.query.get("api-version"))


def age(version):
    """Old ones sort first: 2016-10-01, then 7.x, then the dated ones since 2025."""
    major = 0 if version < "2017" else 7 if version.startswith("7.") else 8
    return major, version


def refused(status, call):
    try:
        call()
    except HttpResponseError as error:
        assert error.status_code == status, error
        return
    raise AssertionError("it was not refused")


def check_version(version):
    watch = Watch()
    options = {"api_version": version, "per_call_policies": [watch]}
    keys = KeyClient(URI, CREDENTIAL, **options)
    name = f"py{version.replace('.', '-')}-{RUN}"

    def crypto_of(suffix):
        return CryptographyClient(keys.get_key(f"{name}-{suffix}"), CREDENTIAL, **options)

    def check(title, body):
        error = None
        try:
            body()
        except Exception:  # whatever it is belongs into the report
            error = traceback.format_exc()
        print(json.dumps({"check": f"{version}: {title}", **({"error": error} if error else {})}))

    def creates():
        assert keys.create_key(f"{name}-any", "EC-HSM", tags={"a": "b"}).key_type == "EC-HSM"
        assert keys.create_rsa_key(f"{name}-rsa", hardware_protected=True).key_type == "RSA-HSM"
        assert keys.create_ec_key(f"{name}-ec", hardware_protected=True).key_type == "EC-HSM"
        assert keys.create_oct_key(f"{name}-oct", size=256, hardware_protected=True).key_type == "oct-HSM"

    def lists():
        first = keys.get_key(f"{name}-any")
        second = keys.create_key(f"{name}-any", "EC-HSM")
        versions = {each.version for each in keys.list_properties_of_key_versions(f"{name}-any")}
        assert versions == {first.properties.version, second.properties.version}
        pages = [list(page) for page in keys.list_properties_of_keys(max_page_size=2).by_page()]
        assert len(pages) > 1 and all(len(page) <= 2 for page in pages)
        assert sum(each.name.startswith(f"{name}-") for page in pages for each in page) == 4
        keys.update_key_properties(f"{name}-any", first.properties.version, enabled=False)
        assert keys.get_key(f"{name}-any", first.properties.version).properties.enabled is False
        assert keys.get_key(f"{name}-any").properties.enabled is True

    def uses():
        rsa = crypto_of("rsa")
        wrapped = rsa.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DATA)
        assert rsa.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key == DATA
        oct_ = keys.get_cryptography_client(f"{name}-oct")
        sealed = oct_.encrypt(EncryptionAlgorithm.a256_gcm, DATA, additional_authenticated_data=b"for")
        opened = crypto_of("oct").decrypt(
            EncryptionAlgorithm.a256_gcm,
            sealed.ciphertext,
            iv=sealed.iv,
            authentication_tag=sealed.tag,
            additional_authenticated_data=b"for",
        )
        assert opened.plaintext == DATA
        ec = crypto_of("ec")
        digest = hashlib.sha256(DATA).digest()
        signature = ec.sign(SignatureAlgorithm.es256, digest).signature
        assert ec.verify(SignatureAlgorithm.es256, digest, signature).is_valid
        assert not ec.verify(SignatureAlgorithm.es256, DATA, signature).is_valid

    def stands_in():
        """As the keys of the cryptography library, which work through the service."""
        rsa = crypto_of("rsa")
        private, public = rsa.create_rsa_private_key(), rsa.create_rsa_public_key()
        signature = private.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
        public.verify(signature, DATA, padding.PKCS1v15(), hashes.SHA256())
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        assert private.decrypt(public.encrypt(DATA, oaep), oaep) == DATA

    def since_73():
        action = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P2M")
        policy = KeyRotationPolicy(lifetime_actions=[action])
        assert len(keys.get_random_bytes(16)) == 16
        if age(version) < age("7.3"):
            refused(404, lambda: keys.get_key_rotation_policy(f"{name}-ec"))
            refused(404, lambda: keys.update_key_rotation_policy(f"{name}-ec", policy))
            refused(404, lambda: keys.rotate_key(f"{name}-ec"))
            refused(404, lambda: keys.release_key(f"{name}-ec", "e30.e30.e30"))
            return
        keys.update_key_rotation_policy(f"{name}-ec", policy)
        got = keys.get_key_rotation_policy(f"{name}-ec")
        assert [each.time_after_create for each in got.lifetime_actions] == ["P2M"]
        old = keys.get_key(f"{name}-ec")
        assert keys.rotate_key(f"{name}-ec").properties.version != old.properties.version
        # It has the operation, which this key does not allow.
        refused(403, lambda: keys.release_key(f"{name}-ec", "e30.e30.e30"))

    def since_76():
        if age(version) < age("7.6"):
            # This SDK refuses it by itself; the JavaScript one has the service do so.
            try:
                keys.get_key_attestation(f"{name}-ec")
            except ValueError as error:
                assert "not available in API version" in str(error), error
                return
            raise AssertionError("it was not refused")
        assert keys.get_key_attestation(f"{name}-ec").properties.attestation.private_key_attestation

    def lives():
        one = f"{name}-any"
        made = keys.get_key(one)
        blob = keys.backup_key(one)
        keys.begin_delete_key(one, _polling_interval=0.05).wait()
        assert one in [each.name for each in keys.list_deleted_keys()]
        assert keys.get_deleted_key(one).id == made.id
        keys.begin_recover_deleted_key(one, _polling_interval=0.05).wait()
        assert keys.get_key(one).id == made.id
        keys.begin_delete_key(one, _polling_interval=0.05).wait()
        keys.purge_deleted_key(one)
        refused(404, lambda: keys.get_deleted_key(one))
        assert keys.restore_key_backup(blob).id == made.id

    def was_sent():
        assert watch.sent == {version}, watch.sent

    check("creates", creates)
    check("gets, lists and updates", lists)
    check("uses keys", uses)
    check("stands in for keys of the cryptography library", stands_in)
    check("draws random bytes, and rotates and releases since 7.3", since_73)
    check("attests since 7.6", since_76)
    check("backs up, deletes, recovers, purges and restores", lives)
    check("was sent, and no other", was_sent)


for each in sys.argv[1:]:
    check_version(each)
