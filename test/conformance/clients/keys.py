"""Uses the service through the stock Python SDK as the environment says, and prints a JSON line for each check.

Run by python.test.ts, which knows the names of all checks and fails for each that did not pass or was never made.
"""

import base64
import datetime
import hashlib
import json
import os
import secrets
import sys
import traceback
import uuid

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.administration import (
    KeyVaultAccessControlClient,
    KeyVaultPermission,
    KeyVaultRoleScope,
)
from azure.keyvault.keys import ExternalKey, KeyClient, KeyVaultKeyIdentifier
from azure.keyvault.keys.crypto import (
    CryptographyClient,
    EncryptionAlgorithm,
    KeyWrapAlgorithm,
    SignatureAlgorithm,
)
from azure.keyvault.securitydomain import SecurityDomainClient
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

URI = os.environ["AZURE_MANAGEDHSM_URI"]
TENANT = os.environ["AZURE_TENANT_ID"]
NAME = "py-" + secrets.token_hex(3)


def credential_of(prefix):
    return ClientSecretCredential(
        TENANT, os.environ[prefix + "_CLIENT_ID"], os.environ[prefix + "_CLIENT_SECRET"]
    )


ADMINISTRATOR = credential_of("AZURE")
OWNER = credential_of("STRONGROOM_OWNER")
keys = KeyClient(URI, ADMINISTRATOR)
roles = KeyVaultAccessControlClient(URI, ADMINISTRATOR)


def check(name, function):
    try:
        function()
        line = {"check": name}
    except BaseException:  # whatever it is, the next check is made
        line = {"check": name, "error": traceback.format_exc()}
    print(json.dumps(line), flush=True)


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def refused(status, code, function):
    try:
        function()
    except HttpResponseError as error:
        equal(error.status_code, status)
        if code is not None:
            equal(error.error.code, code)
        return error
    raise AssertionError("it was not refused")


def oid_of(credential):
    token = credential.get_token("https://managedhsm.azure.net/.default").token
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["oid"]


# Keys


def creates_rsa():
    for size in (2048, 3072, 4096):
        key = keys.create_rsa_key(f"{NAME}-rsa{size}", size=size, hardware_protected=True)
        equal(key.key_type, "RSA-HSM")
        equal(len(key.key.n.lstrip(b"\0")), size // 8)
        equal(key.key.e, b"\x01\x00\x01")
        equal(
            set(key.key_operations),
            {"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"},
        )


def creates_ec():
    for curve, size in (("P-256", 32), ("P-256K", 32), ("P-384", 48), ("P-521", 66)):
        key = keys.create_ec_key(f"{NAME}-ec{curve}", curve=curve, hardware_protected=True)
        equal((key.key_type, key.key.crv), ("EC-HSM", curve))
        equal((len(key.key.x), len(key.key.y)), (size, size))


def creates_oct():
    for size in (128, 192, 256):
        key = keys.create_oct_key(f"{NAME}-oct{size}", size=size, hardware_protected=True)
        equal((key.key_type, key.key.k), ("oct-HSM", None))


def gets():
    made = keys.create_key(f"{NAME}-get", "RSA-HSM", tags={"colour": "red"})
    for got in (keys.get_key(made.name), keys.get_key(made.name, made.properties.version)):
        equal((got.id, got.key.n, got.properties.tags), (made.id, made.key.n, {"colour": "red"}))
    identifier = KeyVaultKeyIdentifier(made.id)
    equal((identifier.vault_url, identifier.name), (URI, made.name))
    equal(made.properties.recoverable_days, 7)


def misses():
    for function in (
        lambda: keys.get_key("no-such-key"),
        lambda: keys.get_key(f"{NAME}-get", "0" * 32),
    ):
        try:
            function()
        except ResourceNotFoundError as error:
            equal(error.error.code, "KeyNotFound")
        else:
            raise AssertionError("it was found")


def lists():
    names = {f"{NAME}-list{number}" for number in range(27)}
    for name in names:
        keys.create_ec_key(name, hardware_protected=True)
    listed = [item.name for item in keys.list_properties_of_keys()]
    equal(len(listed), len(set(listed)))
    assert names < set(listed)
    pages = [list(page) for page in keys.list_properties_of_keys(max_page_size=10).by_page()]
    assert max(len(page) for page in pages) <= 10 and len(pages) >= 3
    equal({item.name for page in pages for item in page}, set(listed))


def lists_versions():
    ids = {keys.create_oct_key(f"{NAME}-versions", hardware_protected=True).id for _ in range(4)}
    listed = list(keys.list_properties_of_key_versions(f"{NAME}-versions", max_page_size=2))
    equal({item.id for item in listed}, ids)
    equal(list(keys.list_properties_of_key_versions("no-such-key")), [])


def updates():
    made = keys.create_rsa_key(f"{NAME}-update", hardware_protected=True)
    until = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
    changed = keys.update_key_properties(
        made.name, expires_on=until, key_operations=["sign", "verify"], tags={"a": "b"}
    )
    got = keys.get_key(made.name)
    for each in (changed, got):
        equal(
            (each.id, each.properties.expires_on, each.properties.tags), (made.id, until, {"a": "b"})
        )
        equal(set(each.key_operations), {"sign", "verify"})
    keys.update_key_properties(made.name, enabled=False)
    equal(keys.get_key(made.name).properties.enabled, False)
    equal(keys.get_key(made.name).properties.tags, {"a": "b"})


def keeps_validity():
    made = keys.create_rsa_key(f"{NAME}-validity", hardware_protected=True)
    crypto = CryptographyClient(made.id, ADMINISTRATOR)
    digest = hashlib.sha256(b"x").digest()
    crypto.sign(SignatureAlgorithm.rs256, digest)
    keys.update_key_properties(made.name, enabled=False)
    refused(403, "Forbidden", lambda: crypto.sign(SignatureAlgorithm.rs256, digest))


def refuses_bad_keys():
    refused(400, "BadParameter", lambda: keys.create_key(f"{NAME}-bad", "RSA-HSM", size=1000))
    refused(400, "BadParameter", lambda: keys.create_key(f"{NAME}-bad", "PQC"))
    refused(400, "BadParameter", lambda: keys.create_key("under_score", "RSA-HSM"))
    refused(
        400,
        "BadParameter",
        lambda: keys.create_key(f"{NAME}-bad", "EC-HSM", key_operations=["encrypt"]),
    )


def refuses_external_keys():
    """Key material elsewhere is not served, and the refusal names the member."""
    external = ExternalKey(id="elsewhere")
    error = refused(400, "BadParameter", lambda: keys.create_external_key(f"{NAME}-external", external))
    assert "external_key" in str(error), error


# Operations


def crypto_of(name, credential=ADMINISTRATOR):
    return CryptographyClient(keys.get_key(f"{NAME}-{name}").id, credential)


RSA_HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}


def signs_rsa():
    key = keys.get_key(f"{NAME}-rsa3072").key
    public = rsa.RSAPublicNumbers(
        int.from_bytes(key.e, "big"), int.from_bytes(key.n, "big")
    ).public_key()
    crypto = crypto_of("rsa3072")
    for bits, algorithm in RSA_HASHES.items():
        digest = hashlib.new(f"sha{bits}", b"hello").digest()
        pss = padding.PSS(padding.MGF1(algorithm), len(digest))
        for name, scheme in ((f"RS{bits}", padding.PKCS1v15()), (f"PS{bits}", pss)):
            result = crypto.sign(SignatureAlgorithm(name), digest)
            public.verify(result.signature, digest, scheme, utils.Prehashed(algorithm))
            assert crypto.verify(SignatureAlgorithm(name), digest, result.signature).is_valid


EC_KEYS = (
    ("P-256", "ES256", "sha256", ec.SECP256R1(), hashes.SHA256()),
    ("P-256K", "ES256K", "sha256", ec.SECP256K1(), hashes.SHA256()),
    ("P-384", "ES384", "sha384", ec.SECP384R1(), hashes.SHA384()),
    ("P-521", "ES512", "sha512", ec.SECP521R1(), hashes.SHA512()),
)


def signs_ec():
    for curve, name, hash_name, parameters, algorithm in EC_KEYS:
        key = keys.get_key(f"{NAME}-ec{curve}").key
        x, y = int.from_bytes(key.x, "big"), int.from_bytes(key.y, "big")
        public = ec.EllipticCurvePublicNumbers(x, y, parameters).public_key()
        digest = hashlib.new(hash_name, b"hello").digest()
        signature = crypto_of(f"ec{curve}").sign(SignatureAlgorithm(name), digest).signature
        half = len(signature) // 2
        equal(half, len(key.x))
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        der = utils.encode_dss_signature(r, s)
        public.verify(der, digest, ec.ECDSA(utils.Prehashed(algorithm)))
        try:
            public.verify(der, digest[::-1], ec.ECDSA(utils.Prehashed(algorithm)))
        except InvalidSignature:
            continue
        raise AssertionError("another digest verified")


def decrypts_rsa():
    """Encrypted here with the public key, decrypted there."""
    crypto = crypto_of("rsa2048")
    for name in ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256"):
        data = secrets.token_bytes(32)
        sealed = crypto.encrypt(EncryptionAlgorithm(name), data).ciphertext
        equal(crypto.decrypt(EncryptionAlgorithm(name), sealed).plaintext, data)
        wrapped = crypto.wrap_key(KeyWrapAlgorithm(name), data).encrypted_key
        equal(crypto.unwrap_key(KeyWrapAlgorithm(name), wrapped).key, data)


def seals_with_gcm():
    for size in (128, 192, 256):
        crypto = crypto_of(f"oct{size}")
        algorithm = EncryptionAlgorithm(f"A{size}GCM")
        data = secrets.token_bytes(1000)
        sealed = crypto.encrypt(algorithm, data, additional_authenticated_data=b"for")
        equal((len(sealed.iv), len(sealed.tag)), (12, 16))

        def open_with(aad, sealed=sealed, crypto=crypto, algorithm=algorithm):
            return crypto.decrypt(
                algorithm,
                sealed.ciphertext,
                iv=sealed.iv,
                authentication_tag=sealed.tag,
                additional_authenticated_data=aad,
            ).plaintext

        equal(open_with(b"for"), data)
        refused(400, "BadParameter", lambda: open_with(b"against"))


def encrypts_with_cbc():
    for size in (128, 192, 256):
        crypto = crypto_of(f"oct{size}")
        algorithm = EncryptionAlgorithm(f"A{size}CBC")
        data, iv = secrets.token_bytes(64), secrets.token_bytes(16)
        first = crypto.encrypt(algorithm, data, iv=iv)
        equal(first.ciphertext, crypto.encrypt(algorithm, data, iv=iv).ciphertext)
        equal(crypto.decrypt(algorithm, first.ciphertext, iv=iv).plaintext, data)


# Roles


def lists_definitions():
    listed = {each.role_name: each for each in roles.list_role_definitions(KeyVaultRoleScope.GLOBAL)}
    for name in ("Administrator", "Crypto Officer", "Crypto User", "Crypto Auditor"):
        definition = listed[f"Managed HSM {name}"]
        equal((definition.role_type, definition.assignable_scopes), ("AKVBuiltInRole", ["/"]))
        assert all(each.data_actions for each in definition.permissions)
        got = roles.get_role_definition(KeyVaultRoleScope.GLOBAL, definition.name)
        equal(got.id, definition.id)


def action(name):
    return f"Microsoft.KeyVault/managedHsm/keys/{name}/action"


BLIND = uuid.uuid4()


def makes_definition():
    made = roles.set_role_definition(
        KeyVaultRoleScope.GLOBAL,
        name=BLIND,
        role_name=f"{NAME} operator",
        description="uses keys it cannot see",
        permissions=[KeyVaultPermission(data_actions=[action("encrypt")])],
    )
    equal((made.name, made.role_type), (str(BLIND), "CustomRole"))
    operations = ["encrypt", "decrypt", "wrap", "unwrap", "sign", "verify"]
    changed = roles.set_role_definition(
        KeyVaultRoleScope.GLOBAL,
        name=BLIND,
        role_name=f"{NAME} operator",
        permissions=[KeyVaultPermission(data_actions=[action(name) for name in operations])],
    )
    got = roles.get_role_definition(KeyVaultRoleScope.GLOBAL, BLIND)
    for each in (changed, got):
        equal(len(each.permissions[0].data_actions), 6)


def refuses_stranger():
    owner_keys = KeyClient(URI, OWNER)
    name = f"{NAME}-rsa2048"
    refused(403, "AccessDenied", lambda: list(owner_keys.list_properties_of_keys()))
    refused(403, "AccessDenied", lambda: owner_keys.get_key(name))
    refused(403, "AccessDenied", lambda: owner_keys.create_rsa_key("x", hardware_protected=True))
    owner_roles = KeyVaultAccessControlClient(URI, OWNER)
    refused(403, "AccessDenied", lambda: list(owner_roles.list_role_definitions("/")))
    crypto = crypto_of("oct256", OWNER)
    refused(403, "AccessDenied", lambda: crypto.encrypt(EncryptionAlgorithm.a256_gcm, b"x"))


ASSIGNMENT = uuid.uuid4()


def assigns():
    definition = roles.get_role_definition(KeyVaultRoleScope.GLOBAL, BLIND)
    principal = oid_of(OWNER)
    made = roles.create_role_assignment(
        KeyVaultRoleScope.KEYS, definition.id, principal, name=ASSIGNMENT
    )
    equal((made.name, made.properties.scope), (str(ASSIGNMENT), "/keys"))
    equal(made.properties.principal_id, principal)
    equal(roles.get_role_assignment(KeyVaultRoleScope.KEYS, ASSIGNMENT).role_assignment_id, made.role_assignment_id)
    listed = [each.name for each in roles.list_role_assignments(KeyVaultRoleScope.KEYS)]
    assert str(ASSIGNMENT) in listed


def operates_remotely():
    """Who may not read the key does everything there, also what this SDK otherwise does here."""
    digest = hashlib.sha256(b"hello").digest()
    rsa_key = crypto_of("rsa2048", OWNER)
    signature = rsa_key.sign(SignatureAlgorithm.ps256, digest).signature
    assert rsa_key.verify(SignatureAlgorithm.ps256, digest, signature).is_valid
    assert not rsa_key.verify(SignatureAlgorithm.ps256, digest[::-1], signature).is_valid
    for name in ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256"):
        sealed = rsa_key.encrypt(EncryptionAlgorithm(name), b"data").ciphertext
        equal(rsa_key.decrypt(EncryptionAlgorithm(name), sealed).plaintext, b"data")
        wrapped = rsa_key.wrap_key(KeyWrapAlgorithm(name), b"k" * 32).encrypted_key
        equal(rsa_key.unwrap_key(KeyWrapAlgorithm(name), wrapped).key, b"k" * 32)
    ec_key = crypto_of("ecP-521", OWNER)
    digest = hashlib.sha512(b"hello").digest()
    signature = ec_key.sign(SignatureAlgorithm.es512, digest).signature
    assert ec_key.verify(SignatureAlgorithm.es512, digest, signature).is_valid
    for size in (128, 192, 256):
        oct_key = crypto_of(f"oct{size}", OWNER)
        algorithm = EncryptionAlgorithm(f"A{size}CBCPAD")
        iv = secrets.token_bytes(16)
        sealed = oct_key.encrypt(algorithm, b"any length", iv=iv).ciphertext
        equal(sealed, oct_key.encrypt(algorithm, b"any length", iv=iv).ciphertext)
        equal(oct_key.decrypt(algorithm, sealed, iv=iv).plaintext, b"any length")
        wrapping = KeyWrapAlgorithm(f"A{size}KW")
        wrapped = oct_key.wrap_key(wrapping, b"k" * 32).encrypted_key
        equal((len(wrapped), wrapped), (40, oct_key.wrap_key(wrapping, b"k" * 32).encrypted_key))
        equal(oct_key.unwrap_key(wrapping, wrapped).key, b"k" * 32)


def revokes():
    crypto = crypto_of("oct256", OWNER)
    crypto.encrypt(EncryptionAlgorithm.a256_gcm, b"x")
    roles.delete_role_assignment(KeyVaultRoleScope.KEYS, ASSIGNMENT)
    refused(403, "AccessDenied", lambda: crypto.encrypt(EncryptionAlgorithm.a256_gcm, b"x"))
    refused(
        404,
        "RoleAssignmentNotFound",
        lambda: roles.get_role_assignment(KeyVaultRoleScope.KEYS, ASSIGNMENT),
    )


def deletes_definition():
    roles.delete_role_definition(KeyVaultRoleScope.GLOBAL, BLIND)
    listed = [each.name for each in roles.list_role_definitions(KeyVaultRoleScope.GLOBAL)]
    assert str(BLIND) not in listed


def shares_the_domain_again():
    """The poller returns the file of the first answer and follows the status link."""
    client = SecurityDomainClient(URI, ADMINISTRATOR)
    folder = os.environ["CUSTODIANS"]
    certificates = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".cer"):
            with open(os.path.join(folder, name), encoding="ascii") as file:
                lines = file.read().strip().splitlines()
            certificates.append({"kty": "RSA", "alg": "RSA-OAEP-256", "x5c": ["".join(lines[1:-1])]})
    poller = client.begin_download({"certificates": certificates, "required": 2})
    domain = json.loads(poller.result().value)
    equal(domain["SharedKeys"]["required"], 2)
    equal(client.get_download_status().status, "Success")
    refused(
        400,
        "BadParameter",
        lambda: client.begin_download({"certificates": certificates, "required": 4}),
    )


CHECKS = (
    creates_rsa, creates_ec, creates_oct, gets, misses, lists, lists_versions, updates,
    keeps_validity, refuses_bad_keys, refuses_external_keys, signs_rsa, signs_ec, decrypts_rsa, seals_with_gcm,
    encrypts_with_cbc, lists_definitions, refuses_stranger, makes_definition, assigns,
    operates_remotely, revokes, deletes_definition, shares_the_domain_again,
)

for function in CHECKS:
    check(function.__name__.replace("_", " "), function)
sys.exit(0)
