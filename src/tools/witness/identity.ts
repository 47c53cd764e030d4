// Who a witness is: a name and an Ed25519 key of its own, in a file that only its owner reads. The key is made here and is never
// printed; who takes its place starts as another witness, with another key.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileSync } from '../../files/durable-file-sync.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { cosignatureLine, cosignedMessage, formatWitnessKey, parseWitnessKey } from '../../formats/cosignature.ts';
import { Refusal } from '../../formats/refusal.ts';
import { matching, oneOf, record, ShapeError, text } from '../../formats/shape.ts';
import { checkName, NoteError, type NoteVerifier } from '../../formats/signed-note.ts';

/** The witness cannot do what was asked, for a reason that its operator can act on. */
export class WitnessRefusal extends Refusal {
  override readonly name = 'WitnessRefusal';
}

const FORMAT = 'strongroom witness 1';
const shape = record({
  format: oneOf(FORMAT),
  name: matching(/^[!-~]{1,200}$/, 'the name of a witness'),
  /** PKCS#8, PEM. */
  privateKey: text,
});

export interface WitnessIdentity {
  readonly name: string;
  /** As those configure it who believe the witness. */
  readonly vkey: string;
  readonly verifier: NoteVerifier;
  /** The line of a note. @param time seconds since 1970 @param checkpoint the text that it signs */
  cosign(checkpoint: string, time: number): string;
}

function identityFile(folder: string): string {
  return join(folder, 'witness.json');
}

/** @throws WitnessRefusal where there is a witness already */
export function makeIdentity(folder: string, name: string): WitnessIdentity {
  if (!isName(name)) {
    throw new WitnessRefusal(
      `'${name}' is no name of a witness: take one like witness.example.org/audit, without spaces and plus signs`,
    );
  }
  makePrivateFolder(folder);
  const { privateKey } = generateKeyPairSync('ed25519');
  const file = { format: FORMAT, name, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  if (!createFileSync(identityFile(folder), `${JSON.stringify(file, null, 2)}\n`)) {
    throw new WitnessRefusal(
      `${folder} is a witness already; its key is never replaced: make another one in another folder`,
    );
  }
  return readIdentity(folder);
}

/** @throws WitnessRefusal */
export function readIdentity(folder: string): WitnessIdentity {
  const path = identityFile(folder);
  let content: string;
  try {
    if ((lstatSync(path).mode & 0o077) !== 0) {
      throw new WitnessRefusal(
        `others may read ${path}, which has the witness's key: make a new witness, or, if nobody did, chmod 600 it`,
      );
    }
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new WitnessRefusal(`there is no witness in ${folder}; 'witness init' makes one`, { cause: error });
  }
  try {
    const { name, privateKey } = shape(JSON.parse(content), 'witness.json');
    const key = createPrivateKey(privateKey);
    const publicKey = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
    const vkey = formatWitnessKey(name, publicKey);
    return {
      name,
      vkey,
      verifier: parseWitnessKey(vkey),
      cosign: (checkpoint, time) =>
        cosignatureLine(name, publicKey, time, sign(null, cosignedMessage(time, checkpoint), key)),
    };
  } catch (cause) {
    // Never with what stands in it.
    const why = cause instanceof ShapeError || cause instanceof NoteError ? cause.message : 'it holds no Ed25519 key';
    throw new WitnessRefusal(`${path} does not read as a witness: ${why}`, { cause });
  }
}

function isName(name: string): boolean {
  try {
    return /^[!-~]{1,200}$/.test(checkName(name));
  } catch {
    return false;
  }
}
