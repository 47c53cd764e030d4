// The HTTPS listener of an instance: TLS, limits on what a client may cost, and nothing about what requests mean.
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { answerBrokenRequest } from './broken-request.ts';
import type { Call } from './call.ts';
import { type ConnectionPath, Connections, peerAddress } from './connection.ts';
import { OpenConnections, UNCOUNTED } from './limits/open-connections.ts';
import { DATA_PLANE, type ServerRules } from './planes.ts';
import { type BelievedProxies, takeProxyHeader } from './proxy-gate.ts';
import { makeServer, openServer } from './server.ts';
import { type TlsFiles, type TlsVersion, tlsOptions } from './tls/server-options.ts';

export interface ListenerOptions extends TlsFiles {
  readonly minVersion?: TlsVersion;
  /** What a connection to this listener is; absent: `direct`. */
  readonly way?: ConnectionPath;
  /** Every connection begins with a proxy's header, from one of these; absent: connections are the clients' own. */
  readonly proxies?: BelievedProxies;
  /** With `proxies`: connections without a header are taken too, and are `direct`. */
  readonly alsoDirect?: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A Unix socket instead of host and port: reached by whoever can enter its folder. */
  readonly socketPath?: string;
  /** Other workers of the instance listen on the same port. */
  readonly shared: boolean;
  /** From one address at once, of those that have shown no valid token, and again of those that have. Absent: as many as there may be in all. */
  readonly connectionsPerAddress?: number;
  /** What differs from the data plane's; tests shorten times. */
  readonly rules?: Partial<ServerRules>;
}

export type Listener = Awaited<ReturnType<typeof listen>>;

export async function listen(options: ListenerOptions, take: (call: Call) => void) {
  const { way = 'direct' } = options;
  const rules = { ...DATA_PLANE, ...options.rules };
  const connections = new Connections();
  const open = new OpenConnections(options.connectionsPerAddress ?? Number.POSITIVE_INFINITY);
  const server = makeServer(rules, options, options.minVersion, (request, response) => {
    const arrival = connections.asked(request, response);
    if (arrival === undefined) return;
    const { peer, known } = arrival;
    const now = performance.now();
    take({
      request,
      response,
      peer,
      tokenShown: known,
      id: randomUUID(),
      startedAt: now,
      stage: 0,
      stageSince: now,
      trace: undefined,
      host: undefined,
      path: '',
      query: NO_QUERY,
      row: undefined,
      params: {},
      apiVersion: '',
      principal: undefined,
      scope: undefined,
      grant: undefined,
      grantedAt: undefined,
      isWhole: false,
      inTurn: false,
      body: undefined,
    });
  });
  server.on('clientError', (error: Error, socket) => answerBrokenRequest(error, socket, connections.isNext(socket)));
  connections.watch(server);
  acceptFrom(server, (socket, accept) => {
    const arrive = (address: string, by: ConnectionPath): void => {
      // A Unix socket has no address; who reaches it was let into its folder.
      const isOfSocket = address === '' && options.socketPath !== undefined;
      const { known } = by === 'direct' || isOfSocket ? UNCOUNTED : open.add(address, socket);
      connections.arrive({ peer: { address, way: by }, known }, accept);
    };
    const arriveBy = (by: ConnectionPath): void => arrive(peerAddress(socket.remoteAddress), by);
    const { proxies, alsoDirect } = options;
    if (proxies === undefined) return arriveBy(way);
    // The front for itself is the machine's own way: so the resource manager hands requests on.
    const isFront = typeof proxies === 'object' && 'front' in proxies;
    takeProxyHeader(
      socket,
      proxies,
      (address, isProxysOwn) => arrive(address, isFront && isProxysOwn ? 'direct' : way),
      alsoDirect === true ? () => arriveBy('direct') : undefined,
    );
  });
  const { host, port, socketPath, shared } = options;
  const place = socketPath === undefined ? { host, port, reusePort: shared } : { path: socketPath };
  const listening = await openServer(server, rules, place);
  return {
    ...listening,
    /** From the next connection on; open ones go on. @throws Error when the files do not fit */
    renew: (files: TlsFiles): void => server.setSecureContext(tlsOptions(files, options.minVersion)),
    /** Connections that there are now end: idle ones at once, others with the answer that they wait for. */
    retire(): void {
      connections.areLast();
      server.closeIdleConnections();
    },
    /**
     * From now on every answer is the last of its connection, and says so. Resolves when there is no connection left, or those that
     * are left have asked for nothing for as long as they may: a client can be told nothing before it asks.
     * @param lingerMs who was led here a moment ago may still come; after that nobody does
     */
    async leave(lingerMs = 0): Promise<void> {
      connections.areLast({ also: 'later' });
      if (lingerMs > 0) await delay(lingerMs, undefined, { ref: false });
      // Not that of `https`: it ends connections that idle at once, and looks no more for those that are slow.
      NetServer.prototype.close.call(server);
      await Promise.race([listening.empty(), delay(rules.keepAliveTimeout, undefined, { ref: false })]);
    },
  };
}

/** Puts `gate` between a connection and what the server itself does with it: TLS begins when the gate accepts. */
function acceptFrom(server: Server, gate: (socket: Socket, accept: () => void) => void): void {
  const own = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    gate(socket, () => {
      if (!socket.destroyed) for (const listener of own) Reflect.apply(listener, server, [socket]);
    });
  });
}

const NO_QUERY: ReadonlyMap<string, string> = new Map();
