// Prints the token that a credential of the JavaScript SDK gets: `credential.ts managed|workload SCOPE`. Everything else is
// in the environment, as it is for a program that runs in a cloud.
import { ManagedIdentityCredential, WorkloadIdentityCredential } from '@azure/identity';

const [kind, scope] = process.argv.slice(2);
if (scope === undefined) throw new Error('credential.ts managed|workload SCOPE');
const clientId = process.env.AZURE_CLIENT_ID ?? '';
const credential = kind === 'managed' ? new ManagedIdentityCredential({ clientId }) : new WorkloadIdentityCredential();
const { token } = await credential.getToken(scope);
process.stdout.write(token);
