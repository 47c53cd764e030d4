// The control process's HTTPS server: finds the row of a request, runs it and writes the answer. It decides nothing
// about resources or tokens. Slow and half-open clients are closed by the server's own timeouts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ControlAnswer,
  ControlError,
  type ControlHost,
  type ControlRequest,
  type ControlRow,
  type HandledRow,
  internalError,
  type Visit,
} from '../../http/control-row.ts';
import type { NameForm } from '../../http/name-form.ts';
import { MANAGEMENT_PLANE, type ServerRules } from '../../http/planes.ts';
import { parseJsonObject, readBody } from '../../http/read-body.ts';
import { findRepeated } from '../../http/request-target.ts';
import { tableOf } from '../../http/router.ts';
import { makeServer, openServer } from '../../http/server.ts';
import { type TlsFiles, type TlsVersion, tlsOptions } from '../../http/tls/server-options.ts';
import type { OperationRecord } from '../management/record/record-operations.ts';
import type { ControlCallers, CountedVisit } from './callers.ts';
import { hostTable, matchHost } from './hosts.ts';

interface ControlListenerOptions {
  readonly tls: TlsFiles;
  /** Absent: 1.3 alone. */
  readonly minVersion?: TlsVersion | undefined;
  readonly forms: readonly NameForm[];
  readonly rows: readonly ControlRow[];
  /** What callers may cost. The rows check tokens with it. */
  readonly callers: ControlCallers;
  /** Where what rows with an `operationName` do is put on record. */
  readonly acts: OperationRecord;
  readonly log: (message: string) => void;
  /** Of the product. */
  readonly version: string;
  /** What differs from the management plane's; tests shorten times. */
  readonly rules?: Partial<ServerRules>;
}

export type ControlListener = Awaited<ReturnType<typeof listenForControl>>;

/** On loopback; clients reach it through the front. */
export async function listenForControl(options: ControlListenerOptions) {
  const { callers, acts, rows } = options;
  const hosts = hostTable(options.forms);
  const tableFor = (host: ControlHost) =>
    tableOf(
      rows.filter((row) => row.host === host),
      MANAGEMENT_PLANE,
    );
  const tables = { arm: tableFor('arm'), login: tableFor('login'), graph: tableFor('graph') };
  const rules = { ...MANAGEMENT_PLANE, ...options.rules };
  const server = makeServer(rules, options.tls, options.minVersion, (req, res) => {
    answer(req, res).catch((error: unknown) => {
      options.log(`control: ${req.method ?? ''} failed: ${error instanceof Error ? error.message : String(error)}`);
      res.destroy();
    });
  });

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const counted = callers.visit(req.socket);
    const { visit } = counted;
    const { requestId } = visit;
    res.setHeader('x-ms-request-id', requestId);
    res.setHeader('x-content-type-options', 'nosniff');
    res.setHeader('strict-transport-security', 'max-age=31536000; includeSubDomains');
    res.setHeader('cache-control', 'no-store');
    let request: ControlRequest | undefined;
    try {
      const found = find(req, visit);
      const { row } = found;
      request = found.request;
      visit.operationName = row.operationName ?? '';
      counted.begin(row);
      for (const [name, value] of serviceHeaders(row.path, requestId, options.version)) res.setHeader(name, value);
      if ('handle' in row) request = { ...request, body: await bodyOf(req, row.body) };
      const answer = await ('handle' in row ? row.handle(request, req, res) : row.pass(request, req, res));
      const status = answer === undefined ? res.statusCode : (answer.status ?? 200);
      counted.ended(status);
      if (answer === undefined) return;
      if (row.operationName !== undefined) await acts.answered(request, status);
      write(res, answer);
    } catch (caught) {
      if (res.headersSent) throw caught;
      const refused = counted.refusal(caught);
      // What is on no record is answered at once: before anything that was sent behind it is looked at.
      const error =
        request === undefined || visit.operationName === '' ? refused : await onRecord(request, counted, refused);
      if (error instanceof ControlError) {
        if (error.status === 403) {
          res.setHeader('x-strongroom-trace', error.activityId ?? requestId);
          options.log(`control: request ${requestId} was refused (403): ${error.message}`);
        }
        const isLogin = matchHost(hosts, req.headers.host)?.host === 'login';
        write(res, isLogin && error.status === 429 ? comeAgain(error) : refusal(error, requestId));
        return;
      }
      options.log(`control: request ${requestId} failed: ${error instanceof Error ? error.message : String(error)}`);
      write(res, refusal(internalError(requestId), requestId));
    }
  };

  /** Refusals are on record before they are answered, too. @returns what is to be answered */
  const onRecord = async (request: ControlRequest, { uncounted, visit }: CountedVisit, error: unknown) => {
    const told = error instanceof ControlError ? error : internalError(visit.requestId);
    const untold = uncounted();
    if (untold === undefined) return error;
    try {
      await acts.refused(request, told, untold);
      return error;
    } catch (unrecorded) {
      return unrecorded;
    }
  };

  const find = (req: IncomingMessage, visit: Visit): { readonly row: ControlRow; readonly request: ControlRequest } => {
    const repeated = findRepeated(req.rawHeaders);
    if (repeated !== undefined) {
      throw new ControlError(400, 'BadRequest', `The request has more than one ${repeated} header.`);
    }
    const match = matchHost(hosts, req.headers.host);
    if (match === undefined) throw new ControlError(421, 'MisdirectedRequest', 'This host is not served here.');
    const target = req.url ?? '';
    const question = target.indexOf('?');
    const path = question < 0 ? target : target.slice(0, question);
    if (!path.startsWith('/')) throw new ControlError(400, 'BadRequest', 'The request target must be a path.');
    const method = req.method ?? '';
    const table = tables[match.host];
    const found = table.find(method, path);
    if (found === undefined) {
      throw table.methodsOf(path).length > 0
        ? new ControlError(405, 'MethodNotAllowed', 'This method is not allowed here.')
        : new ControlError(404, 'NotFound', 'There is nothing at this path.');
    }
    const query = new URLSearchParams(question < 0 ? '' : target.slice(question + 1));
    const request: ControlRequest = {
      method,
      names: match.names,
      origin: match.origin,
      path,
      params: found.params,
      query,
      headers: req.headers,
      body: undefined,
      visit,
    };
    return { row: found.row, request };
  };

  const listening = await openServer(server, rules, { port: 0, host: '127.0.0.1' });
  return {
    ...listening,
    /** From the next connection on; open ones go on. @throws Error when the files do not fit */
    renew: (files: TlsFiles): void => server.setSecureContext(tlsOptions(files, options.minVersion)),
  };
}

function write(res: ServerResponse, { status = 200, headers, json, html }: ControlAnswer): void {
  const body = html ?? (json === undefined ? undefined : JSON.stringify(json));
  for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value);
  if (html !== undefined) {
    res.setHeader('content-type', 'text/html; charset=utf-8');
    res.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  } else if (json !== undefined) res.setHeader('content-type', 'application/json; charset=utf-8');
  res.statusCode = status;
  if (status !== 204) res.setHeader('content-length', body === undefined ? 0 : Buffer.byteLength(body));
  res.end(body);
}

function refusal({ status, code, message, headers, activityId }: ControlError, requestId: string): ControlAnswer {
  const explained = activityId ?? (status === 403 ? requestId : undefined);
  const traced = explained === undefined ? message : `${message} (Activity ID: ${explained})`;
  return { status, headers, json: { error: { code, message: traced } } };
}

/** Clients of the token endpoint read OAuth's errors alone (RFC 6749 §5.2). */
function comeAgain({ status, message, headers }: ControlError): ControlAnswer {
  return { status, headers, json: { error: 'temporarily_unavailable', error_description: message } };
}

const OF_A_SUBSCRIPTION = /^\/subscriptions\/[^/]+\/providers\/Microsoft\.KeyVault\/(?:deleted)?managedHSMs$/i;

/**
 * Headers by which an answer about managed HSMs tells who gave it: their provider, or, for what a subscription has, the
 * resource manager, which asked the providers.
 * @param path of the row
 */
function serviceHeaders(path: string, requestId: string, version: string): readonly (readonly [string, string])[] {
  if (!path.includes('/providers/Microsoft.KeyVault/')) return [];
  if (OF_A_SUBSCRIPTION.test(path)) return [['x-ms-original-request-ids', requestId]];
  return [['x-ms-keyvault-service-version', version]];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws ControlError 400, 413, 415 */
async function bodyOf(req: IncomingMessage, kind: HandledRow['body']): Promise<unknown> {
  if (kind === 'none') {
    req.resume();
    return undefined;
  }
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const expected = kind === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  return readBody(req, MANAGEMENT_PLANE.body.limit, MANAGEMENT_PLANE.body, (bytes) => {
    if (type !== expected && bytes.length > 0) {
      throw new ControlError(415, 'UnsupportedMediaType', `The content type must be ${expected}.`);
    }
    if (kind === 'form') return new URLSearchParams(decode(bytes));
    return bytes.length === 0 ? {} : parseJsonObject(bytes);
  });
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ControlError(400, 'InvalidRequestContent', 'The request content is not UTF-8.', { cause });
  }
}
