// `strongroom witness …`: a witness of other people's logs, on a machine of its own. It needs this program and its folder, and no
// instance.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { printableLine } from '../../formats/printable.ts';
import { formatVkey, type NoteVerifier } from '../../formats/signed-note.ts';
import { readVerifierKey } from '../../tools/audit/verify/verifier-key.ts';
import { type AcceptedLog, AcceptedLogs } from '../../tools/witness/accepted-logs.ts';
import { makeIdentity, readIdentity, WitnessRefusal } from '../../tools/witness/identity.ts';
import { serveWitness } from '../../tools/witness/serve.ts';
import { type Command, CommandError, command, jsonOption, UsageError } from '../command.ts';
import { explained } from '../explained.ts';
import { labelled } from '../show.ts';

const wants = 'name the folder of the witness';

export const commands: readonly Command[] = [
  command({
    name: 'witness init',
    summary: 'make a witness: its folder and its own key',
    operands: 'DIR',
    wants,
    needs: { name: '--name is missing: who the witness is, such as witness.example.org' },
    details: `
The key is made here, never leaves the folder, and is never printed or replaced. What is printed is the key that others verify
cosignatures with: hand it to those whose logs are witnessed.`,
    options: { 'name NAME': 'name of the witness, mostly the host and path that it answers on', ...jsonOption },
    examples: ['strongroom witness init /var/lib/witness --name witness.example.org'],
    run({ name }, [folder]) {
      const { vkey } = makeIdentity(folder, name);
      return { json: { name, key: vkey, folder }, text: `${vkey}\n` };
    },
  }),
  command({
    name: 'witness key',
    summary: 'print the key that its cosignatures are verified with',
    operands: 'DIR',
    wants,
    options: jsonOption,
    examples: ['strongroom witness key /var/lib/witness'],
    run(_values, [folder]) {
      const { name, vkey } = readIdentity(folder);
      return { json: { name, key: vkey }, text: `${vkey}\n` };
    },
  }),
  command({
    name: 'witness add-log',
    summary: 'accept a log from now on',
    operands: 'DIR',
    wants,
    needs: { key: '--key is missing: the key that the log is verified with' },
    details: `
Names come with the key as audit verify takes it, strongroom/INSTANCE+HASH+KEY; the bare log key of a security domain needs the
name besides. Get it from a ceremony or from a custodian, not from the machine that is to be watched. A witness that serves
accepts the log at once. Nothing takes a log or its key out again: what was cosigned is to be believed forever.`,
    options: {
      'key KEY': 'NAME+HASH+KEY, or the bare log key with --origin',
      'origin NAME': 'first line of its checkpoints (default: the name in the key)',
      ...jsonOption,
    },
    examples: [
      'strongroom witness add-log /var/lib/witness --key="$VKEY"',
      'strongroom witness add-log /var/lib/witness --origin strongroom/6f2c… --key=n1bq6BstH36GZMoYQKA5qZKnTbBDe9aEsQP1OpHD0vE',
    ],
    run({ key, origin }, [folder]) {
      const identity = readIdentity(folder);
      if (!key.includes('+') && origin === undefined) {
        throw new UsageError('--key: a bare key names no log: give --origin strongroom/INSTANCE-ID besides');
      }
      const verifier = explained(() => readVerifierKey(key, origin), { NoteError: '--key: ' });
      const log = new AcceptedLogs(folder, identity).add(origin ?? verifier.name, vkeyOf(verifier), new Date());
      return { json: rowOf(log), text: `${printableLine(log.origin)} is accepted from now on.\n` };
    },
  }),
  command({
    name: 'witness serve',
    summary: 'take checkpoints and cosign those that go on from the last',
    operands: 'DIR',
    wants,
    details: `
Answers POST /add-checkpoint (C2SP tlog-witness) until it is stopped. With --certificate and --certificate-key it speaks HTTPS;
without them plain HTTP, and then only on loopback, for a proxy on the same machine, unless --plain-http says that others may
reach it so: nobody can forge a cosignature on the way, but anybody there can withhold it. What it refuses for a reason that
its operator should look at is said on standard error.`,
    options: {
      'address IP (127.0.0.1)': 'where it listens',
      'port N (8461)': 'its port; 0 for any free one',
      'certificate FILE': 'PEM: its certificate, then those that lead to its authority',
      'certificate-key FILE': 'PEM: the key of the certificate',
      'plain-http': 'plain HTTP on an address that others reach',
    },
    examples: [
      'strongroom witness serve /var/lib/witness',
      'strongroom witness serve /var/lib/witness --address 0.0.0.0 --certificate cert.pem --certificate-key key.pem',
    ],
    explains: { system: '' },
    async run(values, [folder], terminal) {
      const { address: host, certificate, 'certificate-key': key } = values;
      if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) throw new UsageError('--port must be a port');
      if (isIP(host) === 0) throw new UsageError('--address must be an IP address');
      if ((certificate === undefined) !== (key === undefined)) {
        throw new UsageError('--certificate and --certificate-key go together');
      }
      const tls =
        certificate === undefined || key === undefined
          ? undefined
          : { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
      if (tls === undefined && !values['plain-http'] && !/^(127\.|::1$)/.test(host)) {
        throw new UsageError(`${host} is reached by others: give it a --certificate, or say --plain-http`);
      }
      const stopped = Promise.withResolvers<void>();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stopped.resolve());
      const report = (line: string): void => terminal.err(`${new Date().toISOString()} ${line}\n`);
      await using serving = await serveWitness({
        ...{ folder, host, port: Number(values.port), report },
        ...(tls === undefined ? {} : { tls }),
      });
      const { name, vkey } = serving.identity;
      const where = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${serving.port}`;
      terminal.out(
        `${labelled(
          [
            ['witness', name],
            ['listens', `${where}/`],
            ['key', vkey],
          ],
          10,
        )}`,
      );
      await stopped.promise;
      return 0;
    },
  }),
  command({
    name: 'witness status',
    summary: 'show which logs it accepts, and what it cosigned last of each',
    operands: 'DIR',
    wants,
    details: `
The exit code is 1 when a log was seen forked: a checkpoint that its own key has signed and that contradicts what was cosigned.
That checkpoint is kept (--json has it), and nothing of the fork was cosigned.`,
    options: jsonOption,
    examples: ['strongroom witness status /var/lib/witness'],
    run(_values, [folder]) {
      const identity = readIdentity(folder);
      const logs = new AcceptedLogs(folder, identity).all();
      const forked = logs.filter(({ file }) => file.forked !== undefined);
      return {
        json: { name: identity.name, key: identity.vkey, logs: logs.map(rowOf) },
        text: `${labelled(
          [
            ['witness', identity.name],
            ['key', identity.vkey],
          ],
          10,
        )}${logTable(logs)}`,
        ...(forked.length === 0 ? {} : { failure: `FORKED: ${forked.map(({ origin }) => origin).join(', ')}` }),
      };
    },
  }),
  command({
    name: 'witness checkpoint',
    summary: 'print the checkpoint of a log that it cosigned last',
    operands: 'DIR ORIGIN',
    wants: 'name the folder of the witness, and the log',
    details: `
This is the copy that whoever runs the log's machine cannot change: verify the log with it, with
strongroom audit verify --checkpoint FILE --witness KEY.`,
    options: {},
    examples: ['strongroom witness checkpoint /var/lib/witness strongroom/6f2c… > cosigned.checkpoint'],
    run(_values, [folder, origin]) {
      const log = new AcceptedLogs(folder, readIdentity(folder)).get(origin);
      if (log === undefined) throw new WitnessRefusal(`no log ${origin} is accepted here; 'witness status' lists them`);
      if (log.file.checkpoint === undefined) throw new CommandError(`no checkpoint of ${origin} was cosigned yet`);
      return log.file.checkpoint;
    },
  }),
];

function vkeyOf({ name, key }: NoteVerifier): string {
  return formatVkey(name, Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));
}

function rowOf({ origin, size, root, cosignedAt, file }: AcceptedLog) {
  return {
    origin,
    key: file.key,
    addedAt: file.addedAt,
    size,
    root: root.toString('base64'),
    cosignedAt: timeOf(cosignedAt),
    ...(file.forked === undefined ? {} : { forked: file.forked }),
  };
}

function timeOf(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}

function logTable(logs: readonly AcceptedLog[]): string {
  if (logs.length === 0) return "no log is accepted yet: 'witness add-log' accepts one\n";
  const rows = logs.map(({ origin, size, cosignedAt, file }) => [
    String(size),
    timeOf(cosignedAt) ?? 'never',
    `${printableLine(origin)}${file.forked === undefined ? '' : '  FORKED'}`,
  ]);
  return [['entries', 'cosigned', 'log'], ...rows]
    .map(([size = '', time = '', log = '']) => `${size.padStart(12)}  ${time.padEnd(24)}  ${log}\n`)
    .join('');
}
