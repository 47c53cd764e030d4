// IP addresses and ranges as bytes. One text for one address: an IPv4 address that IPv6 carries (RFC 4291 §2.5.5.2) is
// the IPv4 address, and an address with a zone is none, because a zone means something on one machine only.

export class IpAddressError extends Error {
  override readonly name = 'IpAddressError';
}

/** 4 or 16 bytes. */
export type IpBytes = Uint8Array;

export interface IpRange {
  readonly base: IpBytes;
  /** Leading bits that must be the same. */
  readonly bits: number;
}

const IPV4_IN_IPV6 = 12;

/** @throws IpAddressError */
export function readIpAddress(text: string): IpBytes {
  const bytes = text.includes(':') ? readIpv6(text) : readIpv4(text);
  if (bytes === undefined) throw new IpAddressError(`'${text.slice(0, 64)}' is no IP address`);
  return unwrap(bytes);
}

/** RFC 5952: the one text of an address. */
export function writeIpAddress(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  const [start, length] = longestZeros(groups);
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return length < 2 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

/** An address, or one with `/bits`. Bits of the address below the range's are refused: they say that something else was meant. @throws IpAddressError */
export function readIpRange(text: string): IpRange {
  const [address = '', bitsText, ...more] = text.split('/');
  const wide = address.includes(':');
  const written = wide ? readIpv6(address) : readIpv4(address);
  if (written === undefined || more.length > 0) throw new IpAddressError(`'${text.slice(0, 64)}' is no IP range`);
  const most = written.length * 8;
  if (bitsText !== undefined && !/^(0|[1-9]\d{0,2})$/.test(bitsText)) {
    throw new IpAddressError(`'${text.slice(0, 64)}' is no IP range: after the slash comes a number`);
  }
  const bits = bitsText === undefined ? most : Number(bitsText);
  if (bits > most) throw new IpAddressError(`'${text.slice(0, 64)}' is no IP range: it has more than ${most} bits`);
  const base = unwrap(written);
  if (base.length < written.length && bits < 96) {
    throw new IpAddressError(`'${text.slice(0, 64)}' mixes IPv4 and IPv6: write two ranges`);
  }
  const own = bits - (written.length - base.length) * 8;
  if (hasBitsBelow(base, own)) {
    const meant = `${writeIpAddress(withoutBitsBelow(base, own))}/${own}`;
    throw new IpAddressError(`'${text.slice(0, 64)}' has bits set after the first ${bits}: did you mean ${meant}?`);
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
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const front = readGroups(head, tail === undefined);
  const back = tail === undefined ? [] : readGroups(tail, true);
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  // `::` stands for one group at the least.
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...front, ...new Array<number>(missing).fill(0), ...back]);
}

/** Bytes of colon-separated groups; the last may be a dotted IPv4 address where the text ends. */
function readGroups(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    if (isEnd && at === groups.length - 1 && group.includes('.')) {
      const dotted = readIpv4(group);
      if (dotted === undefined) return undefined;
      bytes.push(...dotted);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
    if (bytes.length > 16) return undefined;
  }
  return bytes;
}

function unwrap(bytes: Uint8Array): Uint8Array {
  const isMapped =
    bytes.length === 16 &&
    bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff;
  return isMapped ? bytes.slice(IPV4_IN_IPV6) : bytes;
}

function hasBitsBelow(bytes: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  const rest = bits & 7;
  if (rest !== 0 && ((bytes[whole] ?? 0) & (0xff >> rest)) !== 0) return true;
  return bytes.subarray(rest === 0 ? whole : whole + 1).some((byte) => byte !== 0);
}

function withoutBitsBelow(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, at) => byte & ~(0xff >> Math.min(8, Math.max(0, bits - 8 * at))));
}

/** Where the first of the longest runs of zero groups is, and its length. */
function longestZeros(groups: readonly number[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best[1]) best = [start, length];
    start += length;
  }
  return best;
}
