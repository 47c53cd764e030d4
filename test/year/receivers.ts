// Everybody who is told: a sink of each kind and an outlet of each kind, all in this process but the blob storage. They can be away,
// each in another way, and come back.
import { existsSync, mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import type { Severity } from '../../src/watcher/alerts/rule.ts';
import { recordsOf, startOtlpReceiver, valuesOf } from '../../src/watcher/sinks/otlp-receiver.fixture.ts';
import { startSyslogReceiver } from '../../src/watcher/sinks/syslog-receiver.fixture.ts';
import { startAzurite } from '../support/azurite.ts';
import { startFaultyProxy } from '../support/faulty-proxy.ts';
import { makeLoopbackCertificate } from '../support/loopback-certificate.ts';
import { linesOf, type ReceivedEntry } from '../support/sink-scene.ts';
import { startBucket } from './bucket.ts';

/** An alert as it arrived. */
export interface Told {
  readonly rule: string;
  /** Name of the HSM; '': the management plane or the deployment. */
  readonly hsm: string;
  /** Its id, or where the outlet does not say it that of its message and which of these it is. */
  readonly alert: string;
}

export interface Receivers extends AsyncDisposable {
  /** Members of the configuration. */
  readonly config: { readonly sinks: readonly object[]; readonly outlets: readonly object[] };
  readonly sinks: Readonly<Record<string, () => Promise<readonly ReceivedEntry[]>>>;
  readonly outlets: Readonly<Record<string, { readonly least: Severity; told: () => readonly Told[] }>>;
  away(): Promise<void>;
  back(): Promise<void>;
}

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const YEARS_MS = 2 * 365 * 86_400_000;

/** @param titles of rules, which mail has in place of names */
export async function startReceivers(folder: string, titles: ReadonlyMap<string, string>): Promise<Receivers> {
  await using stack = new AsyncDisposableStack();
  const certificate = await makeLoopbackCertificate(folder);
  const { caFile, certificate: cert, key } = certificate;
  const secret = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    return path;
  };

  const path = join(folder, 'log.jsonl');
  const syslog = await startSyslogReceiver({ cert, key });
  stack.defer(() => syslog.close());
  const otlp = await startOtlpReceiver(certificate);
  stack.defer(() => otlp.close());
  const azurite = stack.use(await startAzurite({ folder }));
  const container = await azurite.makeContainer('audit');
  const proxy = stack.use(await startFaultyProxy(azurite.origin));
  const sasFile = secret(
    'sas',
    `?${azurite.sas('audit', { permissions: 'rac', expiresOn: new Date(Date.now() + YEARS_MS) })}`,
  );
  const bucket = stack.use(await startBucket());
  const credentialsFile = secret('s3', '[default]\naws_access_key_id = AKYEAR\naws_secret_access_key = a/secret');

  const hook = await startWebhook();
  stack.use(hook);
  const mail = await startMail({ cert, key }, titles);
  stack.use(mail);
  const siem = await startSyslogReceiver({ cert, key });
  stack.defer(() => siem.close());

  const common = { from: 'beginning' };
  const owned = stack.move();
  return {
    config: {
      sinks: [
        { name: 'file', kind: 'file', path, ...common },
        { name: 'syslog', kind: 'syslog', host: '127.0.0.1', port: syslog.port, caFile, ...common },
        { name: 'otlp', kind: 'otlp', url: `https://127.0.0.1:${otlp.port}/v1/logs`, caFile, ...common },
        {
          name: 'blob',
          kind: 'blob',
          url: `${proxy.origin}/${azurite.account}`,
          container: 'audit',
          sasFile,
          ...common,
        },
        { name: 's3', kind: 's3', url: bucket.url, region: 'eu-test-1', credentialsFile, ...common },
      ],
      outlets: [
        { kind: 'webhook', name: 'on-call', url: hook.url, secretFile: secret('hook', SECRET) },
        { kind: 'smtp', name: 'mail', host: '127.0.0.1', port: mail.port, security: 'starttls', caFile, ...MAIL },
        { kind: 'syslog', name: 'siem', host: '127.0.0.1', port: siem.port, caFile, least: 'warning' },
      ],
    },
    sinks: {
      file: () => Promise.resolve(linesOf(path)),
      syslog: () =>
        Promise.resolve(
          syslog.messages().map(({ data, bytes }) => {
            const [, log = '', index = ''] = /log="([^"]+)" index="(\d+)"/.exec(data) ?? [];
            return { log, index: Number(index), text: bytes.toString('utf8') };
          }),
        ),
      otlp: () =>
        Promise.resolve(
          otlp.taken.flatMap(recordsOf).map(({ body, attributes }) => {
            const values = valuesOf(attributes);
            const log = values['strongroom.log.origin'] ?? '';
            return { log, index: Number(values['strongroom.log.index']), text: body.stringValue };
          }),
        ),
      async blob() {
        const names = (await Array.fromAsync(container.listBlobsFlat())).map(({ name }) => name);
        const texts = await Promise.all(names.map((name) => container.getBlobClient(name).downloadToBuffer()));
        return texts.flatMap((text) =>
          linesIn(text.toString('utf8'), /^(.*),"log":"([^"]+)","index":(\d+)\}$/, 'blob'),
        );
      },
      s3: () =>
        Promise.resolve(
          bucket.objects().flatMap((text) => linesIn(text, /^\{"log":"([^"]+)","index":(\d+),"entry":(.*)\}$/, 's3')),
        ),
    },
    outlets: {
      'on-call': { least: 'info', told: () => hook.told },
      mail: { least: 'critical', told: () => mail.told },
      siem: {
        least: 'warning',
        told: () =>
          siem.messages().map(({ data, message: rule }) => {
            const [, alert = '', hsm = ''] = /alert="([^"]+)"(?: instance="([^"]*)")?/.exec(data) ?? [];
            return { rule, alert, hsm: hsm.replace('@management', '') };
          }),
      },
    },
    async away() {
      renameSync(path, `${path}.aside`);
      mkdirSync(path);
      otlp.state.answer = 'silence';
      proxy.fault = () => ({ kind: 'answer', status: 503 });
      bucket.isAway = true;
      hook.isAway = true;
      siem.state.act = 'cut';
      await Promise.all([syslog.close(), mail.close()]);
    },
    async back() {
      rmdirSync(path);
      if (existsSync(`${path}.aside`)) renameSync(`${path}.aside`, path);
      otlp.state.answer = { status: 200, body: '{}' };
      proxy.fault = () => undefined;
      bucket.isAway = false;
      hook.isAway = false;
      siem.state.act = 'reads';
      await Promise.all([syslog.again(), mail.again()]);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const MAIL = { from: 'hsm@example.com', to: ['security@example.com'], least: 'critical' };

/** Lines with which entry of which log they are; the entry's own text. */
function linesIn(text: string, form: RegExp, kind: 'blob' | 's3'): readonly ReceivedEntry[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, a = '', b = '', c = ''] = form.exec(line) ?? [];
      return kind === 'blob' ? { log: b, index: Number(c), text: `${a}}` } : { log: a, index: Number(b), text: c };
    });
}

/** Takes what is signed as Standard Webhooks has it. */
async function startWebhook() {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (receiver.isAway) return void response.writeHead(503).end();
      const text = Buffer.concat(pieces).toString('utf8');
      const event = verified(text, request.headers as Record<string, string>);
      // The clock was moved while it was on its way: it comes again.
      if (event === undefined) return void response.writeHead(401).end();
      const { Rule: rule, HsmName: hsm, Alerts } = event.data;
      for (const { Id: alert } of Alerts) told.push({ rule, hsm, alert });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver = {
    told,
    isAway: false,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?code=hidden`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

interface Event {
  readonly data: {
    readonly Rule: string;
    readonly HsmName: string;
    readonly Alerts: readonly { readonly Id: string }[];
  };
}

/** Undefined: it is too old. @throws WebhookVerificationError */
function verified(text: string, headers: Readonly<Record<string, string>>): Event | undefined {
  try {
    return new Webhook(SECRET).verify(text, { ...headers }) as Event;
  } catch (error) {
    if ((error as Error).message === 'Message timestamp too old') return undefined;
    throw error;
  }
}

/** Of a mail, its subject says what and how many. */
async function startMail(tls: { readonly cert: string; readonly key: string }, titles: ReadonlyMap<string, string>) {
  const told: Told[] = [];
  const take = (text: string): void => {
    const subject = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(text)?.[1]?.replace(/\r\n[ \t]+/g, ' ') ?? '';
    const [, title = '', hsm = '', count = '1'] =
      /^\[critical\] (.*): (\S+) at \S+(?: \((\d+) alerts\))?$/.exec(subject) ?? [];
    const message = /^Message-ID: <([^@]+)@/m.exec(text)?.[1] ?? '';
    const rule = titles.get(title) ?? `no rule: ${subject}`;
    const name = hsm === '@management' || hsm === 'Strongroom' ? '' : hsm;
    for (let n = 0; n < Number(count); n++) told.push({ rule, hsm: name, alert: `${message} ${n}` });
  };
  const open = (): SMTPServer => {
    const server = new SMTPServer({
      ...tls,
      authOptional: true,
      onData(stream, _session, done) {
        const pieces: Buffer[] = [];
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => {
          take(Buffer.concat(pieces).toString('utf8'));
          done();
        });
      },
    });
    server.on('error', () => undefined);
    return server;
  };
  const listen = (server: SMTPServer, port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  let server = open();
  await listen(server, 0);
  const { port } = server.server.address() as AddressInfo;
  const close = (): Promise<void> => new Promise((resolve) => server.close(resolve));
  return {
    told,
    port,
    close,
    async again() {
      server = open();
      await listen(server, port);
    },
    [Symbol.asyncDispose]: close,
  };
}
