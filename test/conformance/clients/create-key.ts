// Makes a key through the stock JavaScript SDK as the environment says, and prints its id.
import { DefaultAzureCredential } from '@azure/identity';
import { KeyClient } from '@azure/keyvault-keys';

const keys = new KeyClient(process.env['AZURE_MANAGEDHSM_URI'] ?? '', new DefaultAzureCredential());
const { id } = await keys.createKey(process.argv[2] ?? '', 'oct-HSM');
console.log(id);
