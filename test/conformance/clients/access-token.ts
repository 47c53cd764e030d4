// Prints an access token for the service, as the environment's credential gets it.
import { DefaultAzureCredential } from '@azure/identity';

const { token } = await new DefaultAzureCredential().getToken('https://managedhsm.azure.net/.default');
process.stdout.write(token);
