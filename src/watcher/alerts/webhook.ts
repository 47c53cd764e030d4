// Alerts to a webhook: CloudEvents 1.0 in structured mode, signed as the Standard Webhooks specification has it, so that the receiver
// knows who sent it, that nothing of it was changed, and that it is not an old one.
import { createHmac } from 'node:crypto';
import type { OutletOf } from '../../deployment/alert-settings.ts';
import { ShapeError } from '../../formats/shape.ts';
import { mayBePlain } from '../../http/outbound.ts';
import { postEvent } from '../../http/post-event.ts';
import type { Outlet, OutletSurroundings } from './outlet.ts';

const HOLDING = "'whsec_' and base64 of 24 to 64 bytes on each line: echo whsec_$(openssl rand -base64 32)";

/** @throws ShapeError naming what cannot be used, and never what a file holds */
export function webhook(settings: OutletOf<'webhook'>, { profile, readFile, now }: OutletSurroundings): Outlet {
  const url = URL.canParse(settings.url) ? new URL(settings.url) : undefined;
  const isSafe = url !== undefined && (url.protocol === 'https:' || mayBePlain(url, profile));
  if (!isSafe || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new ShapeError('url must be an https address without user and fragment');
  }
  const secrets = readSecrets(readFile(settings.secretFile, 'secretFile', HOLDING), settings.secretFile);
  const target = { url, ...(settings.caFile === undefined ? {} : { ca: readFile(settings.caFile, 'caFile') }) };
  return {
    place: url.origin,
    send({ id, event }, stopping) {
      const timestamp = String(Math.floor(now() / 1000));
      const signed = `${id}.${timestamp}.${event}`;
      const signatures = secrets.map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
      return postEvent(target, event, stopping, {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures.join(' '),
      });
    },
  };
}

function readSecrets(text: string, path: string): readonly Buffer[] {
  const secrets = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(line)?.[1] ?? '')
    .map((secret) => Buffer.from(secret, 'base64'));
  if (secrets.length > 0 && secrets.every(({ length }) => length >= 24 && length <= 64)) return secrets;
  throw new ShapeError(`secretFile: ${path} must have ${HOLDING}`);
}
