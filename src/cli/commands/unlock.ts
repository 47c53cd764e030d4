// `strongroom unlock`: brings the secret of a locked instance to its module. What leaves this process is encrypted to it.

import { existsSync, writeFileSync } from 'node:fs';
import type { InstancePlaces } from '../../deployment/data-layout.ts';
import { knownSocketFolder } from '../../deployment/known-socket-folder.ts';
import { operatorsMark, stoppedMessage } from '../../deployment/operators-mark.ts';
import { PacketError } from '../../formats/custodian-packet.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { printableJson } from '../../formats/printable.ts';
import { certificatePem } from '../../formats/x509-writer.ts';
import { unlockSockets } from '../../links/unlock/socket-notes.ts';
import * as exchange from '../../links/unlock/unlock-exchange.ts';
import { readOwnCertificate } from '../../tools/seal/own-certificate.ts';
import { encryptPassphrase, readPackets } from '../../tools/seal/secrets.ts';
import { type Command, CommandError, command, dataOption, jsonOption, type Terminal, UsageError } from '../command.ts';
import { counted } from '../counted.ts';
import { hsmNameOf, hsmNameOption } from '../hsm-name.ts';
import { instanceFolder } from '../instance-folder.ts';
import { readInput } from '../read-input.ts';
import { readSealPassphrase } from '../read-passphrase.ts';
import { messageHere, placeOf } from '../same-place.ts';
import { explainPassphrase } from '../wrong-passphrase.ts';

type Exchange = typeof import('../../links/unlock/unlock-exchange.ts');
interface Waiting {
  readonly exchange: Exchange;
  readonly sockets: readonly string[];
  readonly moduleFolder: string;
}

const unlock = command({
  name: 'unlock',
  summary: 'open the sealed root keys of a locked instance',
  operands: 'NAME',
  details: `
An instance that is sealed by a passphrase or by a quorum of custodians starts locked: it answers 503 and does nothing
until this command brings what opens it. A passphrase is asked for at the terminal, or read from the first line of a file.
For a quorum, --certificate and --shares write what custodians need; each of them makes a packet with 'strongroom
custodian share SHARES --purpose unlock --to CERTIFICATE', and all packets come in one call with --packets. Each start has
a certificate of its own, so packets are made while the instance waits.
Run it on the machine of the instance, as its user. Everything secret is encrypted to the module before it leaves.`,
  options: {
    ...hsmNameOption,
    ...dataOption,
    'passphrase-file FILE': 'its first line is the passphrase',
    'packets FILE...': "a custodian's packet; once for each, or all behind one",
    'certificate FILE': 'write the certificate to which custodians encrypt their shares, and do nothing else',
    'shares FILE': "write the seal's share list for custodians",
    ...jsonOption,
  },
  examples: [
    'strongroom unlock dev',
    'strongroom unlock dev --passphrase-file /run/secrets/dev',
    'strongroom unlock dev --certificate unlock.cer --shares shares.json',
    'strongroom unlock dev --packets anna.json clara.json',
  ],
  async run(values, operands, terminal) {
    const { packets, certificate, shares, json } = values;
    // `--packets a b`: what follows the first one comes as operands.
    const words = packets.length === 0 ? operands.length : values['hsm-name'] === undefined ? 1 : 0;
    const files = [...packets, ...operands.slice(words)];
    const { at, name } = instanceFolder(values.data, hsmNameOf(values['hsm-name'], operands.slice(0, words)));
    if (files.length > 0 && values['passphrase-file'] !== undefined) {
      throw new UsageError('--packets and --passphrase-file exclude each other');
    }
    const waiting = await findWaiting(at, name, values.data);
    if (certificate !== undefined || shares !== undefined) {
      if (files.length > 0)
        throw new UsageError('--packets come after --certificate and --shares, in a call of their own');
      return writeForCustodians(waiting, { certificate, shares, json }, terminal);
    }
    const how =
      files.length > 0 ? await bringPackets(waiting, files) : await bringPassphrase(waiting, values, terminal);
    if (json) terminal.out(printableJson({ instance: name, unlocked: true, custodians: how }));
    else terminal.out(`${name} is unlocked${how.length === 0 ? '' : ` by ${counted(how.length, 'custodian')}`}.\n`);
    return 0;
  },
});

export const commands: readonly Command[] = [unlock];

/** @param data the data directory as it was named */
async function findWaiting(at: InstancePlaces, name: string, data: string | undefined): Promise<Waiting> {
  const sockets = unlockSockets(knownSocketFolder(at.root));
  const living: string[] = [];
  for (const path of sockets) {
    const shown = await exchange.askWorker(path, { ask: 'show' }).catch(() => undefined);
    if (shown === undefined) continue;
    if (shown['state'] !== 'locked') throw new CommandError(`'${name}' is not locked`);
    living.push(path);
  }
  if (living.length > 0) return { exchange, sockets: living, moduleFolder: at.module };
  if (existsSync(operatorsMark(at.root)))
    throw new CommandError(`'${name}' does not run. ${messageHere(stoppedMessage(name), name, data)}`);
  const place = placeOf({ data });
  throw new CommandError(
    `no locked instance '${name}' runs: nothing runs, it still starts, or it has the file seal, which opens by itself ` +
      `('${ownCommand(`status${place}`)}' and '${ownCommand(`seal show ${name}${place}`)}' tell)`,
  );
}

async function bringPassphrase(
  { exchange, sockets, moduleFolder }: Waiting,
  values: { readonly 'passphrase-file': string | undefined },
  terminal: Terminal,
): Promise<readonly string[]> {
  const [first = ''] = sockets;
  const { seal } = await asking(exchange.askWorker(first, { ask: 'show' }));
  if ((seal as { readonly kind?: unknown }).kind === 'quorum') {
    throw new CommandError('it is sealed by a quorum: --certificate and --shares begin, --packets end');
  }
  const recipient = await certificateOf(exchange, first, moduleFolder);
  const passphrase = await readSealPassphrase(values['passphrase-file'], 'passphrase', 'passphrase-file', terminal);
  const secret = encryptPassphrase(recipient, passphrase);
  passphrase.fill(0);
  const request = { ask: 'unlock', recipient: recipient.thumbprint, secret, packets: [] } as const;
  await asking(
    exchange.askWorker(first, request).catch((error: unknown) => {
      throw explainPassphrase(error, 'it stays locked');
    }),
  );
  return [];
}

async function bringPackets({ exchange, sockets }: Waiting, files: readonly string[]): Promise<readonly string[]> {
  let read: ReturnType<typeof readPackets>;
  try {
    read = readPackets(files.map((name) => ({ name, content: readInput(name).toString('utf8') })));
  } catch (error) {
    if (error instanceof PacketError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
  const { packets, recipient } = read;
  for (const [index, path] of sockets.entries()) {
    const request = { ask: 'unlock', recipient, secret: '', packets } as const;
    try {
      const { custodians } = await exchange.askWorker(path, request);
      return custodians as readonly string[];
    } catch (error) {
      // Made for the certificate of another worker.
      const isElsewhere = error instanceof Error && /^recipient: /.test(error.message);
      if (!isElsewhere || index === sockets.length - 1) await asking(Promise.reject(error as Error));
    }
  }
  return [];
}

async function writeForCustodians(
  { exchange, sockets, moduleFolder }: Waiting,
  to: { readonly certificate: string | undefined; readonly shares: string | undefined; readonly json: boolean },
  terminal: Terminal,
): Promise<number> {
  const [first = ''] = sockets;
  const { seal } = await asking(exchange.askWorker(first, { ask: 'show' }));
  const { shares } = seal as { readonly shares?: string };
  if (shares === undefined) throw new CommandError('it is sealed by a passphrase: custodians have no part in it');
  const { der, certificate } = await certificateOf(exchange, first, moduleFolder);
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  if (to.certificate !== undefined) write(to.certificate, certificatePem(der));
  // To the byte: packets name its hash.
  if (to.shares !== undefined) write(to.shares, shares);
  if (to.json) terminal.out(printableJson({ fingerprint, ...to, json: undefined }));
  else
    terminal.out(`Read to each custodian the certificate's fingerprint:\n  ${fingerprint.match(/.{4}/g)?.join(' ')}\n`);
  return 0;
}

async function certificateOf({ askWorker }: Exchange, socket: string, moduleFolder: string) {
  const { certificate } = await asking(askWorker(socket, { ask: 'certificate' }));
  return asking((async () => readOwnCertificate(certificate, moduleFolder))());
}

function write(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw new CommandError(`${path} cannot be written`, { cause });
  }
}

async function asking<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && ['CryptoError', 'NobodyAnswers', 'ForeignCertificate'].includes(error.name)) {
      throw new CommandError(`it stays locked: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
