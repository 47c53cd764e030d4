// `strongroom unlock`: brings the secret of a locked instance to its module. What leaves this process is encrypted to it.
import { existsSync } from 'node:fs';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import type { InstancePaths } from '../../deployment/data-layout.ts';
import { knownSocketFolder } from '../../deployment/known-socket-folder.ts';
import { stoppedMessage } from '../../deployment/stop-flag.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { unlockSockets } from '../../links/unlock/socket-notes.ts';
import { askWorker } from '../../links/unlock/unlock-exchange.ts';
import type { UnlockCertificate } from '../../tools/seal/secrets.ts';
import { readOwnCertificate } from '../../tools/seal/secrets.ts';
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
import { hsmNameOf, hsmNameOption } from '../hsm-name.ts';
import { instanceFolder } from '../instance-folder.ts';
import { messageHere, targetOptions } from '../same-place.ts';
import { openByPassphrase, packetsIn, writeForCustodians } from '../seal-secret.ts';

interface Waiting {
  readonly sockets: readonly [string, ...string[]];
  readonly moduleFolder: string;
}

const LOCKED = 'it stays locked: ';

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
    explains: { CryptoError: LOCKED, NobodyAnswers: LOCKED, Refusal: LOCKED },
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
        return writeFor(waiting, { certificate, shares });
      }
      const custodians = files.length > 0 ? await bringPackets(waiting, files) : [];
      if (files.length === 0) await bringPassphrase(waiting, values['passphrase-file'], terminal);
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
  if (existsSync(at.stopFlag)) {
    throw new CommandError(`'${name}' does not run. ${messageHere(stoppedMessage(name), name, data)}`);
  }
  const place = targetOptions({ data });
  throw new CommandError(
    `no locked instance '${name}' runs: nothing runs, it still starts, or it has the file seal, which opens by itself ` +
      `('${ownCommand(`status${place}`)}' and '${ownCommand(`seal show ${name}${place}`)}' tell)`,
  );
}

async function bringPassphrase(waiting: Waiting, file: string | undefined, terminal: Terminal): Promise<void> {
  const { kind } = await sealOf(waiting);
  if (kind === 'quorum') {
    throw new CommandError('it is sealed by a quorum: --certificate and --shares begin, --packets end');
  }
  const own = await certificateOf(waiting);
  const asked = { file, what: 'passphrase', state: 'it stays locked' };
  await openByPassphrase(own, asked, terminal, (secret) =>
    askWorker(waiting.sockets[0], { ask: 'unlock', recipient: own.thumbprint, secret, packets: [] }),
  );
}

async function bringPackets({ sockets }: Waiting, files: readonly string[]): Promise<readonly string[]> {
  const { packets, recipient } = packetsIn(files);
  for (const [index, path] of sockets.entries()) {
    try {
      const { custodians } = await askWorker(path, { ask: 'unlock', recipient, secret: '', packets });
      return custodians as readonly string[];
    } catch (error) {
      // Made for the certificate of another worker.
      const isElsewhere = error instanceof CryptoError && error.message.startsWith('recipient: ');
      if (!isElsewhere || index === sockets.length - 1) throw error;
    }
  }
  return [];
}

async function writeFor(waiting: Waiting, to: Parameters<typeof writeForCustodians>[2]): Promise<Answer> {
  const { shares } = await sealOf(waiting);
  if (shares === undefined) throw new CommandError('it is sealed by a passphrase: custodians have no part in it');
  const { fingerprint, text } = writeForCustodians(await certificateOf(waiting), shares, to);
  return { json: { fingerprint, ...to }, text };
}

async function sealOf({ sockets }: Waiting): Promise<{ readonly kind?: unknown; readonly shares?: string }> {
  const { seal } = await askWorker(sockets[0], { ask: 'show' });
  return seal as object;
}

async function certificateOf({ sockets, moduleFolder }: Waiting): Promise<UnlockCertificate> {
  const { certificate } = await askWorker(sockets[0], { ask: 'certificate' });
  return readOwnCertificate(certificate, moduleFolder);
}
