// A consumer that knows a key by its identifier alone, with the stock SDK: `wrap KID TEXT` or `unwrap KID BASE64URL`. Prints
// the identifier that the service answered with, and the value.
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient } from '@azure/keyvault-keys';

const [action, kid = '', value = ''] = process.argv.slice(2);
const client = new CryptographyClient(kid, new DefaultAzureCredential());
if (action === 'wrap') {
  const { result, keyID } = await client.wrapKey('RSA-OAEP-256', Buffer.from(value, 'utf8'));
  console.log(JSON.stringify({ kid: keyID, value: Buffer.from(result).toString('base64url') }));
} else {
  const { result, keyID } = await client.unwrapKey('RSA-OAEP-256', Buffer.from(value, 'base64url'));
  console.log(JSON.stringify({ kid: keyID, value: Buffer.from(result).toString('utf8') }));
}
