// `strongroom release …`: what is tried out with release policies, attestation tokens and released keys, offline; and `trust`, which
// tells an HSM to trust an authority.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { DEV_ATTESTATION } from '../../deployment/name-forms.ts';
import { createAuthorityFolder, openAuthorityFolder } from '../../tools/release/authority/authority-folder.ts';
import { issueToken } from '../../tools/release/authority/issue-token.ts';
import { openRelease } from '../../tools/release/open-release.ts';
import { describePolicy, simulate, simulationText } from '../../tools/release/simulate.ts';
import { type Command, CommandError, command, jsonOption, UsageError } from '../command.ts';
import { explained } from '../explained.ts';
import { instanceOptions, openInstanceClient } from '../instance-client.ts';
import { readInput, readJsonInput } from '../read-input.ts';
import { labelled } from '../show.ts';

const NAME_OPTION = `name URL (${DEV_ATTESTATION})` as const;

const NOT_OPENED = 'it does not open: ';

export const commands: readonly Command[] = [
  command({
    name: 'release check',
    summary: 'read a release policy as the service would, and warn if no token can pass',
    operands: 'FILE',
    wants: 'name one policy file',
    details: `
Prints the policy in canonical form, which is what a key is bound to. The exit code is 0 when the policy can pass, 1 when
it is refused or when some token that it names an authority for never passes.`,
    options: jsonOption,
    examples: ['strongroom release check policy.json'],
    run(_, [file]) {
      const { canonical, warnings } = explained(() => describePolicy(readInput(file)), { PolicyError: `${file}: ` });
      return {
        json: { canonical: JSON.parse(canonical) as unknown, warnings },
        text: `${canonical}\n`,
        note: warnings.map((warning) => `warning: ${warning}\n`).join(''),
        exit: warnings.length === 0 ? 0 : 1,
      };
    },
  }),
  command({
    name: 'release simulate',
    summary: 'show claim by claim why a token would (not) get a key released',
    details: `
Judges the token by the policy as the service does, offline. --jwks is the key set of the token's authority, or the file
by which an HSM was told to trust it; without it the signature is not checked. The exit code is 0 when the token passes.`,
    options: {
      'policy FILE': 'the release policy, JSON',
      'token FILE': "the enclave's attestation token",
      'jwks FILE': "the authority's keys: checks the signature",
      'at TIME': 'judge as of this time (ISO 8601), not now',
      ...jsonOption,
    },
    needs: { policy: '--policy and --token are needed', token: '--policy and --token are needed' },
    examples: [
      'strongroom release simulate --policy policy.json --token token.jwt',
      'strongroom release simulate --policy policy.json --token token.jwt --jwks authority/trust.json --at 2026-11-25T12:00Z',
    ],
    explains: { PolicyError: 'the policy cannot be read: ', AuthError: 'the token cannot be read: ' },
    async run({ policy, token, jwks, at }) {
      const now = at === undefined ? Date.now() : Date.parse(at);
      if (Number.isNaN(now)) throw new UsageError(`--at must be a time like 2026-11-25T12:00Z, not '${at}'`);
      const given = {
        policy: readInput(policy),
        token: readInput(token).toString('utf8').trim(),
        jwks: jwks === undefined ? undefined : keySetOf(readJsonInput(jwks)),
        now: Math.floor(now / 1000),
      };
      const simulation = await simulate(given);
      return { json: simulation, text: simulationText(simulation), exit: simulation.passes ? 0 : 1 };
    },
  }),
  command({
    name: 'release authority',
    summary: 'make an attestation authority for development',
    operands: 'DIR',
    wants: 'name one folder',
    details: `
Writes key.pem (signs tokens) and trust.json (what an HSM is told to trust it: see 'release trust'). The authority inspects
no enclave: whoever has the folder can claim anything. No HSM trusts it until an administrator says so.`,
    options: { [NAME_OPTION]: 'what tokens say as their issuer, and policies as authority', ...jsonOption },
    examples: ['strongroom release authority ./authority'],
    explains: { RangeError: '', system: '' },
    run({ name }, [folder]) {
      const { authority } = createAuthorityFolder(folder, name);
      const rows = [
        ['authority', authority],
        ['key', `${folder}/key.pem`],
        ['trust', `${folder}/trust.json`],
      ] as const;
      return { json: { authority, folder }, text: labelled(rows, 11) };
    },
  }),
  command({
    name: 'release token',
    summary: 'issue an attestation token of a development authority',
    operands: 'DIR',
    wants: "name the authority's folder",
    details: `
DIR is the folder that 'release authority' made. The token has the shape of those of Microsoft Azure Attestation and says
in a claim of its own that it is for development. Claims are given by dotted path; a value that reads as JSON (true, 5,
"5") is that, anything else is text.`,
    options: {
      'enclave-key PEM': "the enclave's RSA key, public or private: what is released is encrypted to it",
      'kid ID': 'name of that key (default: its thumbprint)',
      'claim PATH=VALUE...': 'a claim; may be repeated',
      'lifetime SECONDS (600)': 'how long the token is valid',
    },
    needs: { 'enclave-key': '--enclave-key is missing' },
    examples: [
      'strongroom release token ./authority --enclave-key enclave.pem --claim x-ms-isolation-tee.tier=gold > token.jwt',
    ],
    run({ 'enclave-key': keyFile, kid, claim, lifetime }, [folder]) {
      if (!/^[1-9][0-9]{0,7}$/.test(lifetime)) throw new UsageError('--lifetime must be seconds');
      const enclaveKey = readEnclaveKey(keyFile);
      try {
        const token = issueToken(openAuthorityFolder(folder), {
          enclaveKey,
          ...(kid === undefined ? {} : { kid }),
          claims: Object.fromEntries(claim.map(readClaim)),
          now: Math.floor(Date.now() / 1000),
          lifetime: Number(lifetime),
        });
        return `${token}\n`;
      } catch (error) {
        if (error instanceof RangeError) throw new UsageError(error.message);
        if (error instanceof Error && 'syscall' in error) {
          throw new CommandError(`${folder} is not the folder of an authority`, { cause: error });
        }
        throw error;
      }
    },
  }),
  command({
    name: 'release trust',
    summary: 'have an HSM trust an attestation authority',
    operands: 'AUTHORITY',
    wants: 'name the authority',
    details: `
AUTHORITY is what it is called in that HSM. Whoever asks must be an administrator there.`,
    options: { 'body FILE': "'trust.json' of the authority", ...instanceOptions },
    needs: { body: "--body is needed: the authority's trust.json" },
    examples: ['strongroom release trust dev --body authority/trust.json'],
    async run(values, [name]) {
      const client = openInstanceClient(values);
      const path = `/strongroom/attestation-authorities/${encodeURIComponent(name)}?api-version=7.5`;
      await client.ask('PUT', path, readJsonInput(values.body) as object);
      return `${client.who} trusts the authority '${name}'\n`;
    },
  }),
  command({
    name: 'release open',
    summary: 'open a released key with the key of the enclave',
    operands: 'FILE',
    wants: 'name one file with the answer',
    details: `
FILE holds what release answered: the token, or the JSON around it. Checks the signature and writes the key that was
released (PKCS#8 DER, a symmetric key raw) to --out, only for you to read; never replaces a file. The root that is printed
is the HSM's attestation root: compare it with the one you know.`,
    options: { 'key PEM': "the enclave's private key", 'out FILE': 'where to write the released key' },
    needs: { key: '--key and --out are needed', out: '--key and --out are needed' },
    examples: ['strongroom release open answer.json --key enclave.pem --out released.der'],
    explains: { Refusal: NOT_OPENED, system: NOT_OPENED, node: NOT_OPENED },
    run({ key, out }, [file]) {
      const token = tokenOf(readInput(file).toString('utf8').trim());
      const { material, kid, kty, nonce, root } = openRelease(token, createPrivateKey(readInput(key)));
      writeFileSync(out, material, { mode: 0o600, flag: 'wx' });
      material.fill(0);
      return `key    ${kid} (${kty})\n${nonce === undefined ? '' : `nonce  ${nonce}\n`}root   ${root}\nfile   ${out}\n`;
    },
  }),
];

function keySetOf(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'jwks' in document ? document.jwks : document;
}

function readEnclaveKey(file: string): KeyObject {
  try {
    const key = createPublicKey(readInput(file));
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // Neither a public nor a private key: said below.
  }
  throw new CommandError(`${file} is not an RSA key in PEM`);
}

function readClaim(text: string): [path: string, value: unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--claim must be PATH=VALUE, not '${text}'`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    // Plain text, as most values are.
    return [text.slice(0, at), value];
  }
}

function tokenOf(text: string): string {
  if (!text.startsWith('{')) return text.replace(/^"(.*)"$/, '$1');
  try {
    const { value } = JSON.parse(text) as { readonly value?: unknown };
    if (typeof value === 'string') return value;
  } catch {
    // Neither: said below.
  }
  throw new CommandError('the file holds no release token');
}
