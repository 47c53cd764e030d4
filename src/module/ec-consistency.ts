// Whether the private and the public half of an EC key belong together. What is checked against is computed from `d`.
import { createECDH, ECDH } from 'node:crypto';
import { badRequest } from '../crypto/protocol/messages.ts';
import { curves } from '../formats/algorithms.ts';
import { withoutLeadingZeros } from '../formats/der.ts';

export interface EcMembers {
  readonly crv: string;
  readonly d: Uint8Array;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

/**
 * `d` with the field's length, and the point 0x04 ‖ x ‖ y. Clients drop leading zero bytes: they are put back.
 * @param members x and y both empty: computed
 * @throws CryptoError BadRequest naming the member
 */
export function checkEcMembers(members: EcMembers): { readonly d: Buffer; readonly point: Buffer } {
  const curve = curves.get(members.crv);
  if (curve === undefined) throw badRequest('crv', 'is not a curve of this service');
  const d = padded('d', members.d, curve.bytes);
  const point = publicPoint(d, curve.group);
  if (members.x.length === 0 && members.y.length === 0) return { d, point };
  const x = padded('x', members.x, curve.bytes);
  const y = padded('y', members.y, curve.bytes);
  const claimed = Buffer.concat([Uint8Array.of(4), x, y]);
  if (claimed.equals(point)) return { d, point };
  d.fill(0);
  try {
    ECDH.convertKey(claimed, curve.group);
  } catch {
    throw badRequest('x', `and y are not a point of ${members.crv}`);
  }
  throw badRequest('d', 'does not belong to x and y');
}

function publicPoint(d: Buffer, group: string): Buffer {
  const computed = createECDH(group);
  try {
    computed.setPrivateKey(d);
  } catch {
    d.fill(0);
    throw badRequest('d', 'is not in the range of the curve');
  }
  return computed.getPublicKey();
}

function padded(member: string, bytes: Uint8Array, width: number): Buffer {
  if (bytes.length === 0) throw badRequest(member, 'is required for an EC key');
  const digits = withoutLeadingZeros(bytes);
  if (digits.length > width) throw badRequest(member, `has more than ${width} bytes`);
  const out = Buffer.alloc(width);
  out.set(digits, width - digits.length);
  return out;
}
