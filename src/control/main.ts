// Entry of the control process, started by the supervisor only:
// `control/main.ts --control DIR --port N --log SOCKET --ca FILE [--profile dev] [--besides PLACE]… [--limits JSON] [--destination ID]…`, with the supervision link as file descriptor 3.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readPlace } from '../deployment/listener-addresses.ts';
import { readRequestLimits } from '../formats/request-limits.ts';
import { peerLookupOver } from '../links/peer-lookup-link.ts';
import { startControl } from './control-process.ts';
import { runControl } from './run-control.ts';

// The terminal's Ctrl-C reaches the whole process group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});
process.umask(0o077);

const { values } = parseArgs({
  options: {
    control: { type: 'string' },
    port: { type: 'string' },
    ca: { type: 'string' },
    log: { type: 'string' },
    profile: { type: 'string', default: 'dev' },
    besides: { type: 'string', multiple: true, default: [] },
    limits: { type: 'string' },
    destination: { type: 'string', multiple: true, default: [] },
  },
});
const { port, profile, besides, limits, destination: destinations } = values;
const folder = given(values.control, '--control names the folder of the control process');
const caFile = given(values.ca, '--ca names the certificate of the authority');
const socket = given(values.log, "--log names the socket of the management plane's recorder");
if (port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error('--port takes a port');
if (profile !== 'dev' && profile !== 'production') throw new Error('--profile is dev or production');
const ca = await readFile(caFile, 'utf8');
await checkCertificate();
await runControl(socket, (linked, link) =>
  startControl({
    ...linked,
    ...{ profile, folder, port: Number(port), ca, besides: besides.map(readPlace), destinations },
    ...(limits === undefined ? {} : { limits: readRequestLimits(JSON.parse(limits), '--limits') }),
    ...(process.platform === 'linux' ? { whoCalls: peerLookupOver(link) } : {}),
  }),
);

function given(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(what);
  return value;
}

/** A certificate of an earlier authority would only show as an obscure failure in every client. */
async function checkCertificate(): Promise<void> {
  const certificate = new X509Certificate(await readFile(join(folder, 'tls-certificate.pem')));
  const authority = new X509Certificate(ca);
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    throw new Error(`the certificate of the control process is not from the authority in ${caFile}`);
  }
}
