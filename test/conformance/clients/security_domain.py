"""Takes a security domain from one HSM and brings it into another through the stock Python SDK.

Run by security-domain.test.ts. The blob between the two is made by az, since the SDK has no function for it; so this runs
twice: with `take` it writes the domain and the exchange certificate, with `give` it uploads the blob.
"""

import base64
import json
import sys

from azure.core.exceptions import HttpResponseError
from azure.identity import EnvironmentCredential
from azure.keyvault.securitydomain import SecurityDomainClient
from azure.keyvault.securitydomain.models import CertificateInfo, SecurityDomain, SecurityDomainJsonWebKey
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwk_of(path):
    with open(path, "rb") as file:
        certificate = x509.load_pem_x509_certificate(file.read())
    numbers = certificate.public_key().public_numbers()
    der = certificate.public_bytes(serialization.Encoding.DER)
    return SecurityDomainJsonWebKey(
        kid=path,
        kty="RSA",
        key_ops=["verify", "encrypt", "wrapKey"],
        n=b64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        e=b64url(numbers.e.to_bytes(3, "big")),
        alg="RSA-OAEP-256",
        x5_c=[base64.b64encode(der).decode()],
        x5_t=b64url(certificate.fingerprint(hashes.SHA1())),
        x5_t_s256=b64url(certificate.fingerprint(hashes.SHA256())),
    )


def take(source, target, domain_file, exchange_file, *certificates):
    client = SecurityDomainClient(source, EnvironmentCredential())
    info = CertificateInfo(certificates=[jwk_of(path) for path in certificates], required=2)
    domain = client.begin_download(info).result()
    assert client.get_download_status().status == "Success"
    with open(domain_file, "w", encoding="utf-8") as file:
        file.write(domain.value)
    key = json.loads(SecurityDomainClient(target, EnvironmentCredential()).get_transfer_key()["transfer_key"])
    certificate = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0]))
    assert key["x5t#S256"] == b64url(certificate.fingerprint(hashes.SHA256()))
    with open(exchange_file, "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))


def give(target, blob_file):
    client = SecurityDomainClient(target, EnvironmentCredential())
    with open(blob_file, encoding="utf-8") as file:
        value = file.read()
    try:
        client.begin_upload(SecurityDomain(value=value[:-9])).result()
        raise AssertionError("a blob that was cut off was taken")
    except HttpResponseError as error:
        assert error.status_code == 400, error
    client.begin_upload(SecurityDomain(value=value)).result()
    assert client.get_upload_status().status == "Success"
    # The very same is told that it was taken; any other is refused.
    client.begin_upload(SecurityDomain(value=value)).result()
    try:
        client.begin_upload(SecurityDomain(value=value + " ")).result()
        raise AssertionError("an active HSM took another domain")
    except HttpResponseError as error:
        assert error.status_code == 409, error


{"take": take, "give": give}[sys.argv[1]](*sys.argv[2:])
print("done")
