// `strongroom release trust`: tells an HSM to trust an attestation authority, over its public API.
import { request } from 'node:https';
import { CommandError, command, UsageError } from '../../command.ts';
import { readInput, readJsonInput } from '../../read-input.ts';

export const trust = command({
  name: 'release trust',
  summary: 'have an HSM trust an attestation authority',
  operands: 'NAME',
  details: `
NAME is what the authority is called in that HSM. The access token is an administrator's, for the HSM's resource, for
instance from 'az account get-access-token --query accessToken -o tsv --resource https://managedhsm.azure.net'.`,
  options: {
    hsm: { type: 'string', placeholder: 'URL', description: 'the HSM: https://NAME.managedhsm.localhost:8443' },
    body: { type: 'string', placeholder: 'FILE', description: "'trust.json' of the authority" },
    'token-file': { type: 'string', placeholder: 'FILE', description: 'holds the access token' },
    ca: { type: 'string', placeholder: 'FILE', description: "the HSM's certificate authority (default: the system's)" },
  },
  examples: [
    'strongroom release trust dev --hsm https://dev.managedhsm.localhost:8443 --body authority/trust.json --token-file t --ca data/ca/ca.pem',
  ],
  async run({ hsm, body, 'token-file': tokenFile, ca }, [name, spare], terminal) {
    if (name === undefined || spare !== undefined) throw new UsageError('name the authority');
    if (hsm === undefined || body === undefined || tokenFile === undefined) {
      throw new UsageError('--hsm, --body and --token-file are needed');
    }
    if (!URL.canParse(hsm) || new URL(hsm).protocol !== 'https:') throw new UsageError('--hsm must be an https URL');
    const url = new URL(`/strongroom/attestation-authorities/${encodeURIComponent(name)}?api-version=7.5`, hsm);
    const { status, text } = await put(
      url,
      JSON.stringify(readJsonInput(body)),
      readInput(tokenFile).toString('utf8').trim(),
      ca === undefined ? undefined : readInput(ca),
    ).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error) throw new CommandError(`${url.host}: ${error.message}`);
      throw error;
    });
    if (status !== 200) throw new CommandError(`the HSM answered ${status} ${messageOf(text)}`);
    terminal.out(`${url.host} trusts the authority '${name}'\n`);
    return 0;
  },
});

function put(url: URL, body: string, token: string, ca: Buffer | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    // RFC 6761 §6.3: names below localhost are this machine, whether or not its resolver knows.
    const host = url.hostname.endsWith('.localhost') ? { hostname: '127.0.0.1', servername: url.hostname } : {};
    const sent = request(
      url,
      { method: 'PUT', headers: { ...headers, host: url.host }, ...host, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    sent.setTimeout(30_000, () => sent.destroy(new CommandError(`${url.host} does not answer`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { error: { message: unknown } }).error.message);
  } catch {
    // A challenge has no JSON.
    return '';
  }
}
