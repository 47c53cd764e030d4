"""Prints the token that a credential of the Python SDK gets: `credential.py managed|workload SCOPE`."""

import os
import sys

from azure.identity import ManagedIdentityCredential, WorkloadIdentityCredential

kind, scope = sys.argv[1:]
if kind == "managed":
    credential = ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"])
else:
    credential = WorkloadIdentityCredential()
sys.stdout.write(credential.get_token(scope).token)
