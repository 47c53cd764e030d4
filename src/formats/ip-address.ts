// IP addresses and ranges as bytes. One text for one address: an IPv4 address that IPv6 carries (RFC 4291 §2.5.5.2) is
// the IPv4 address, and an address with a zone is none, because a zone means something on one machine only.
import { ShapeError } from './shape.ts';

/** 4 or 16 bytes. */
export type IpBytes = Uint8Array;

export interface IpRange {
  readonly base: IpBytes;
  /** Leading bits that must be the same. */
  readonly bits: number;
}

const IPV4_IN_IPV6 = 12;

/** @throws ShapeError */
export function readIpAddress(text: string): IpBytes {
  const bytes = text.includes(':') ? readIpv6(text) : readIpv4(text);
  if (bytes === undefined) throw new ShapeError(`'${text.slice(0, 64)}' is no IP address`);
  return unwrap(bytes);
}

/** RFC 5952: the one text of an address. */
export function writeIpAddress(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const digits = Buffer.from(bytes).toString('hex');
  return canonicalIpv6(digits.replace(/.{4}(?=.)/g, '$&:')) as string;
}

/** An address, or one with `/bits`. Bits of the address below the range's are refused: they say that something else was meant. @throws ShapeError */
export function readIpRange(text: string): IpRange {
  const [address = '', bitsText, ...more] = text.split('/');
  const wide = address.includes(':');
  const written = wide ? readIpv6(address) : readIpv4(address);
  if (written === undefined || more.length > 0) throw new ShapeError(`'${text.slice(0, 64)}' is no IP range`);
  const most = written.length * 8;
  if (bitsText !== undefined && !/^(0|[1-9]\d{0,2})$/.test(bitsText)) {
    throw new ShapeError(`'${text.slice(0, 64)}' is no IP range: after the slash comes a number`);
  }
  const bits = bitsText === undefined ? most : Number(bitsText);
  if (bits > most) throw new ShapeError(`'${text.slice(0, 64)}' is no IP range: it has more than ${most} bits`);
  const base = unwrap(written);
  if (base.length < written.length && bits < 96) {
    throw new ShapeError(`'${text.slice(0, 64)}' mixes IPv4 and IPv6: write two ranges`);
  }
  const own = bits - (written.length - base.length) * 8;
  const cleared = withoutBitsBelow(base, own);
  if (Buffer.compare(cleared, base) !== 0) {
    const meant = `${writeIpAddress(cleared)}/${own}`;
    throw new ShapeError(`'${text.slice(0, 64)}' has bits set after the first ${bits}: did you mean ${meant}?`);
  }
  return { base, bits: own };
}

export function isInRange(address: IpBytes, { base, bits }: IpRange): boolean {
  if (address.length !== base.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (address[at] !== base[at]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((address[whole] ?? 0) & mask) === ((base[whole] ?? 0) & mask);
}

function readIpv4(text: string): Uint8Array | undefined {
  // No leading zeros: some readers take them for octal.
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  if (parts === undefined || parts.some((part) => Number(part) > 255 || (part.length > 1 && part[0] === '0'))) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

function readIpv6(text: string): Uint8Array | undefined {
  const canonical = canonicalIpv6(text);
  if (canonical === undefined) return undefined;
  const [front = [], back = []] = canonical.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const groups = [...front, ...new Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** As the platform's URLs write it (WHATWG URL, host serializer), which is RFC 5952 with IPv4 in hexadecimal too. */
function canonicalIpv6(text: string): string | undefined {
  const url = /^[0-9a-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`) : null;
  return url?.hostname.slice(1, -1);
}

/** IPv4 in IPv6 is IPv4. */
export function unwrap(bytes: Uint8Array): Uint8Array {
  const isMapped =
    bytes.length === 16 &&
    bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff;
  return isMapped ? bytes.slice(IPV4_IN_IPV6) : bytes;
}

function withoutBitsBelow(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, at) => byte & ~(0xff >> Math.min(8, Math.max(0, bits - 8 * at))));
}
