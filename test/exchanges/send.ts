// Sends the exchanges of a file to a running product, in their order, and writes down what came back.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningProduct } from '../support/running-product.ts';
import type { Exchange, ExchangeFile } from './exchange-file.ts';
import { Names } from './names.ts';
import { exchangeBytes, type RawAnswer, type Target } from './raw-connection.ts';

interface Application {
  readonly appId: string;
  readonly oid: string;
  readonly secret: string;
}

interface Clients {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly applications: Readonly<Record<'admin' | 'owner' | 'consumer', Application>>;
  readonly users: Readonly<Record<'alice' | 'bob', { readonly oid: string; readonly password: string }>>;
  readonly operatorsGroupOid: string;
}

/** What `to:` says, beside whole host names. */
const HOSTS: Readonly<Record<string, { readonly host: string; readonly audience?: string }>> = {
  hsm: { host: 'dev.managedhsm.azure.net', audience: 'https://managedhsm.azure.net' },
  'local hsm': { host: 'dev.managedhsm.localhost:<port>', audience: 'https://managedhsm.localhost' },
  'new hsm': { host: 'exchanges-new.managedhsm.azure.net', audience: 'https://managedhsm.azure.net' },
  vault: { host: 'dev.vault.azure.net', audience: 'https://vault.azure.net' },
  arm: { host: 'management.azure.com', audience: 'https://management.azure.com' },
  'local arm': { host: 'arm.localhost:<port>', audience: 'https://arm.localhost:<port>' },
  graph: { host: 'graph.microsoft.com', audience: 'https://graph.microsoft.com' },
  login: { host: 'login.microsoftonline.com' },
  'local login': { host: 'login.localhost:<port>' },
  identity: { host: '127.0.0.1:<identity-port>' },
};

/** Bytes that do not fit into what a connection holds on the way. */
const LARGE = 64 * 1024;
/** For machines that are slow and do other things: what takes this long never comes. */
const UNTIL_MS = 120_000;

export class Sender {
  readonly #product: RunningProduct;
  readonly #clients: Clients;
  readonly #known: Readonly<Record<string, string>>;
  readonly #tokens = new Map<string, string>();

  constructor(product: RunningProduct) {
    this.#product = product;
    this.#clients = JSON.parse(readFileSync(join(product.data, 'dev-clients.json'), 'utf8')) as Clients;
    const { tenantId, subscriptionId, applications, users, operatorsGroupOid } = this.#clients;
    this.#known = {
      ...{ tenant: tenantId, subscription: subscriptionId, operators: operatorsGroupOid },
      ...Object.fromEntries(
        Object.entries(applications).flatMap(([name, { appId, oid, secret }]) => [
          [name, oid],
          [`${name}-app`, appId],
          [`${name}-secret`, secret],
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(users).flatMap(([name, { oid, password }]) => [
          [name, oid],
          [`${name}-password`, password],
        ]),
      ),
      data: product.data,
      port: String(product.state.port),
      ...identityEndpoint(product.data),
    };
  }

  /** The same file with the answers of now. */
  async send(file: ExchangeFile): Promise<ExchangeFile> {
    const names = new Names(this.#known);
    const exchanges: Exchange[] = [];
    for (const exchange of file.exchanges) {
      try {
        exchanges.push({
          ...exchange,
          answer: await this.#answer(exchange, { ...file.options, ...exchange.options }, names),
        });
      } catch (cause) {
        throw new Error(`'${exchange.title}' could not be sent`, { cause });
      }
    }
    return { ...file, exchanges };
  }

  async #answer(
    { sent }: Exchange,
    options: Readonly<Record<string, string>>,
    names: Names,
  ): Promise<readonly string[]> {
    const to = HOSTS[options['to'] ?? ''] ?? { host: options['to'] ?? '' };
    const host = names.fill(to.host);
    const request = await this.#request(
      sent.map((line) => names.fill(line)),
      options,
      host,
      to.audience,
    );
    for (const end = performance.now() + UNTIL_MS; ; ) {
      const answer = await exchangeBytes(this.#target(host), request, sent[0]?.split(' ')[0] ?? '').catch(
        (error: unknown) => {
          // Refused unread, its connection is reset while it is still being sent, and the answer can be lost with it.
          if (request.length < LARGE || performance.now() > end) throw error;
          return undefined;
        },
      );
      if (answer === undefined) continue;
      const text = textOf(answer);
      if (options['until'] === undefined || text.includes(options['until'])) {
        return names
          .apply(
            text,
            (options['random'] ?? '').split(' ').filter((member) => member !== ''),
          )
          .split('\n');
      }
      if (performance.now() > end) throw new Error(`it never came to '${options['until']}', but to ${text}`);
    }
  }

  async #request(
    lines: readonly string[],
    options: Readonly<Record<string, string>>,
    host: string,
    audience: string | undefined,
  ): Promise<Buffer> {
    if (options['raw'] !== undefined) return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    const blank = lines.indexOf('');
    const [first = '', ...headers] = blank === -1 ? lines : lines.slice(0, blank);
    const body = bodyOf(options['body'], blank === -1 ? undefined : lines.slice(blank + 1).join('\n'));
    const has = (name: string): boolean => headers.some((header) => header.toLowerCase().startsWith(`${name}:`));
    const caller = options['as'] ?? 'nobody';
    const head = [
      `${first} HTTP/1.1`,
      ...(has('host') ? [] : [`host: ${host}`]),
      ...(caller === 'nobody' || audience === undefined || has('authorization')
        ? []
        : [`authorization: Bearer ${await this.#token(caller, audience)}`]),
      ...headers,
      ...(body === undefined || has('content-type') ? [] : ['content-type: application/json']),
      ...(body === undefined || has('content-length') ? [] : [`content-length: ${body.length}`]),
    ];
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
  }

  async #token(caller: string, audience: string): Promise<string> {
    const kept = this.#tokens.get(`${caller} ${audience}`);
    if (kept !== undefined) return kept;
    const application = this.#clients.applications[caller as keyof Clients['applications']];
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: application.appId,
      client_secret: application.secret,
      scope: `${audience.replace('<port>', String(this.#product.state.port))}/.default`,
    });
    const request = await this.#request(
      [
        `POST /${this.#clients.tenantId}/oauth2/v2.0/token`,
        'content-type: application/x-www-form-urlencoded',
        '',
        form.toString(),
      ],
      {},
      'login.microsoftonline.com',
      undefined,
    );
    const { body } = await exchangeBytes(this.#target('login.microsoftonline.com'), request, 'POST');
    const { access_token: token } = JSON.parse(body.toString('utf8')) as { readonly access_token?: string };
    if (token === undefined) throw new Error(`no token for ${caller}: ${body.toString('utf8')}`);
    this.#tokens.set(`${caller} ${audience}`, token);
    return token;
  }

  #target(host: string): Target {
    const [servername = '', port] = host.split(':');
    if (servername === '127.0.0.1') return { port: Number(port) };
    return { port: this.#product.state.port, tls: { servername, ca: this.#product.ca } };
  }
}

function bodyOf(option: string | undefined, text: string | undefined): Buffer | undefined {
  const [kind, argument = ''] = option?.split(' ') ?? [];
  if (kind === 'spaces') return Buffer.alloc(Number(argument), ' ');
  if (kind === 'hex') return Buffer.from(argument, 'hex');
  return text === undefined ? undefined : Buffer.from(text, 'utf8');
}

/** The length is that of the body, which is compared itself: where the body has names for values, so has its length. */
function textOf({ head, body }: RawAnswer): string {
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined && body.length > 0 && Number(length) !== body.length)
    throw new Error(`content-length is ${length}, the body has ${body.length} bytes`);
  const text = head.replace(/(?<=^content-length: )[1-9]\d*$/im, body.length > 0 ? '<of the body>' : '$&');
  if (/[\r\n]/.test(text.replaceAll('\r\n', ''))) throw new Error('a line of the head does not end as it must');
  const lines = text.replaceAll('\r\n', '\n');
  return body.length === 0 ? lines : `${lines}\n\n${body.toString('utf8').replaceAll('\r', '<cr>')}`;
}

function identityEndpoint(data: string): Readonly<Record<string, string>> {
  const path = join(data, 'control', 'identity-endpoint.json');
  if (!existsSync(path)) return {};
  const { port, header } = JSON.parse(readFileSync(path, 'utf8')) as { readonly port: number; readonly header: string };
  return { 'identity-port': String(port), 'identity-header': header };
}
