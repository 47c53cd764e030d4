// `strongroom unlock`: brings the secret of a locked instance to its module. What leaves this process is encrypted to it.
import { existsSync, writeFileSync } from 'node:fs';
import type { InstancePaths } from '../../deployment/data-layout.ts';
import { knownSocketFolder } from '../../deployment/known-socket-folder.ts';
import { stopFlag, stoppedMessage } from '../../deployment/stop-flag.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { certificatePem } from '../../formats/x509-writer.ts';
import { unlockSockets } from '../../links/unlock/socket-notes.ts';
import { askWorker } from '../../links/unlock/unlock-exchange.ts';
import { readOwnCertificate } from '../../tools/seal/own-certificate.ts';
import { encryptPassphrase, readPackets } from '../../tools/seal/secrets.ts';
import {
  type Answer,
  type Command,
  CommandError,
  command,
  dataOption,
  jsonOption,
  type Terminal,
  UsageError,
} from '../command.ts';
import { counted } from '../counted.ts';
import { explained } from '../explained.ts';
import { hsmNameOf, hsmNameOption } from '../hsm-name.ts';
import { instanceFolder } from '../instance-folder.ts';
import { readInput } from '../read-input.ts';
import { readSealPassphrase } from '../read-passphrase.ts';
import { messageHere, targetOptions } from '../same-place.ts';
import { explainPassphrase } from '../wrong-passphrase.ts';

interface Waiting {
  readonly sockets: readonly [string, ...string[]];
  readonly moduleFolder: string;
}

export const commands: readonly Command[] = [
  command({
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
      const { data, packets, certificate, shares } = values;
      // `--packets a b`: what follows the first one comes as operands.
      const words = packets.length === 0 ? operands.length : values['hsm-name'] === undefined ? 1 : 0;
      const files = [...packets, ...operands.slice(words)];
      const { at, name } = instanceFolder(data, hsmNameOf(values['hsm-name'], operands.slice(0, words)));
      if (files.length > 0 && values['passphrase-file'] !== undefined) {
        throw new UsageError('--packets and --passphrase-file exclude each other');
      }
      const waiting = await findWaiting(at, name, data);
      if (certificate !== undefined || shares !== undefined) {
        if (files.length > 0) {
          throw new UsageError('--packets come after --certificate and --shares, in a call of their own');
        }
        return writeForCustodians(waiting, { certificate, shares });
      }
      const custodians =
        files.length > 0
          ? await bringPackets(waiting, files)
          : await bringPassphrase(waiting, values['passphrase-file'], terminal);
      const by = custodians.length === 0 ? '' : ` by ${counted(custodians.length, 'custodian')}`;
      return { json: { instance: name, unlocked: true, custodians }, text: `${name} is unlocked${by}.\n` };
    },
  }),
];

/** @param data the data directory as it was named */
async function findWaiting(at: InstancePaths, name: string, data: string | undefined): Promise<Waiting> {
  const living: string[] = [];
  for (const path of unlockSockets(knownSocketFolder(at.root))) {
    const shown = await askWorker(path, { ask: 'show' }).catch(() => undefined);
    if (shown === undefined) continue;
    if (shown['state'] !== 'locked') throw new CommandError(`'${name}' is not locked`);
    living.push(path);
  }
  const [first, ...others] = living;
  if (first !== undefined) return { sockets: [first, ...others], moduleFolder: at.module };
  if (existsSync(stopFlag(at.root))) {
    throw new CommandError(`'${name}' does not run. ${messageHere(stoppedMessage(name), name, data)}`);
  }
  const place = targetOptions({ data });
  throw new CommandError(
    `no locked instance '${name}' runs: nothing runs, it still starts, or it has the file seal, which opens by itself ` +
      `('${ownCommand(`status${place}`)}' and '${ownCommand(`seal show ${name}${place}`)}' tell)`,
  );
}

async function bringPassphrase(waiting: Waiting, file: string | undefined, terminal: Terminal): Promise<readonly []> {
  const { kind } = await sealOf(waiting);
  if (kind === 'quorum') {
    throw new CommandError('it is sealed by a quorum: --certificate and --shares begin, --packets end');
  }
  const recipient = await certificateOf(waiting);
  const passphrase = await readSealPassphrase(file, 'passphrase', 'passphrase-file', terminal);
  const secret = encryptPassphrase(recipient, passphrase);
  passphrase.fill(0);
  const request = { ask: 'unlock', recipient: recipient.thumbprint, secret, packets: [] } as const;
  await asking(() =>
    askWorker(waiting.sockets[0], request).catch((error: unknown) => {
      throw explainPassphrase(error, 'it stays locked');
    }),
  );
  return [];
}

async function bringPackets({ sockets }: Waiting, files: readonly string[]): Promise<readonly string[]> {
  const given = files.map((name) => ({ name, content: readInput(name).toString('utf8') }));
  const { packets, recipient } = explained(() => readPackets(given), { PacketError: '' });
  for (const [index, path] of sockets.entries()) {
    const request = { ask: 'unlock', recipient, secret: '', packets } as const;
    try {
      const { custodians } = await asking(() => askWorker(path, request));
      return custodians as readonly string[];
    } catch (error) {
      // Made for the certificate of another worker.
      const isElsewhere = error instanceof CommandError && error.message.startsWith(`${LOCKED}recipient: `);
      if (!isElsewhere || index === sockets.length - 1) throw error;
    }
  }
  return [];
}

async function writeForCustodians(
  waiting: Waiting,
  to: { readonly certificate: string | undefined; readonly shares: string | undefined },
): Promise<Answer> {
  const { shares } = await sealOf(waiting);
  if (shares === undefined) throw new CommandError('it is sealed by a passphrase: custodians have no part in it');
  const { der, certificate } = await certificateOf(waiting);
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  if (to.certificate !== undefined) write(to.certificate, certificatePem(der));
  // To the byte: packets name its hash.
  if (to.shares !== undefined) write(to.shares, shares);
  const grouped = fingerprint.match(/.{4}/g)?.join(' ');
  return {
    json: { fingerprint, ...to },
    text: `Read to each custodian the certificate's fingerprint:\n  ${grouped}\n`,
  };
}

async function sealOf({ sockets }: Waiting): Promise<{ readonly kind?: unknown; readonly shares?: string }> {
  const { seal } = await asking(() => askWorker(sockets[0], { ask: 'show' }));
  return seal as object;
}

async function certificateOf({ sockets, moduleFolder }: Waiting) {
  const { certificate } = await asking(() => askWorker(sockets[0], { ask: 'certificate' }));
  return asking(async () => readOwnCertificate(certificate, moduleFolder));
}

function write(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw new CommandError(`${path} cannot be written`, { cause });
  }
}

const LOCKED = 'it stays locked: ';

function asking<T>(asked: () => Promise<T>): Promise<T> {
  return explained(asked, { CryptoError: LOCKED, NobodyAnswers: LOCKED, ForeignCertificate: LOCKED });
}
