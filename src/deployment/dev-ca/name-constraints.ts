// The extension that keeps the development authority harmless: certificates it issues are refused by clients for any
// name outside this list, so a machine that trusts it trusts it for nothing else (RFC 5280 §4.2.1.10).
import 'reflect-metadata';
import { Extension } from '@peculiar/x509';

/** Domains (with everything below them) and loopback addresses, all that the dev profile ever answers as. */
export const PERMITTED_DOMAINS = [
  'azure.net',
  'azure.com',
  'microsoftonline.com',
  'microsoft.com',
  'windows.net',
  'localhost',
] as const;
const LOOPBACK = [
  Buffer.from('7f000001ffffffff', 'hex'), // 127.0.0.1/32
  Buffer.from(`${'0'.repeat(31)}1${'f'.repeat(32)}`, 'hex'), // ::1/128
];

const SEQUENCE = 0x30;
const PERMITTED = 0xa0; // [0] permittedSubtrees
const DNS_NAME = 0x82; // [2] dNSName
const IP_ADDRESS = 0x87; // [7] iPAddress

export function nameConstraints(): Extension {
  const subtrees = [
    ...PERMITTED_DOMAINS.map((domain) => tlv(DNS_NAME, Buffer.from(domain, 'ascii'))),
    ...LOOPBACK.map((range) => tlv(IP_ADDRESS, range)),
  ].map((base) => tlv(SEQUENCE, base));
  return new Extension('2.5.29.30', true, new Uint8Array(tlv(SEQUENCE, tlv(PERMITTED, Buffer.concat(subtrees)))));
}

/** One DER element; what is encoded here stays below 256 bytes. */
function tlv(tag: number, content: Buffer): Buffer {
  if (content.length > 0xff) throw new RangeError('the element is too long');
  const head = content.length < 0x80 ? [tag, content.length] : [tag, 0x81, content.length];
  return Buffer.concat([Buffer.from(head), content]);
}
